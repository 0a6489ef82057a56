"""Disputes, and the day from which a payment's term counts: until now the day on which it was made."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def count_from_the_payment(apps, schema_editor):
    apps.get_model("payments", "Payment")._base_manager.update(counts_from=F("created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ("payments", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="counts_from",
            field=models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name="counts from"),
        ),
        migrations.AlterField(
            model_name="payment",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "pending"),
                    ("succeeded", "succeeded"),
                    ("failed", "failed"),
                    ("refunded", "refunded"),
                    ("disputed", "disputed"),
                ],
                default="pending",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.RunPython(count_from_the_payment, migrations.RunPython.noop, elidable=True),
    ]
