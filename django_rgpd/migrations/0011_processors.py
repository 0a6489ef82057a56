"""An erasure keeps what each processor answered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_rgpd", "0010_campaign")]

    operations = [
        migrations.AddField(
            model_name="erasure",
            name="processors",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AlterField(
            model_name="erasure",
            name="state",
            field=models.CharField(
                choices=[
                    ("asked", "asked"),
                    ("open", "done but for open business or a hold"),
                    ("told", "done here; a processor has yet to do it"),
                    ("done", "done"),
                ],
                default="asked",
                max_length=8,
            ),
        ),
    ]
