"""Rows that only an address leads to ask for a consent by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_rgpd", "0005_holds")]

    operations = [
        migrations.AddIndex(
            model_name="consentstate",
            index=models.Index(
                condition=models.Q(("live", True)), fields=["address", "purpose"], name="rgpd_consent_address"
            ),
        ),
    ]
