"""Rows of consent say where is written to, and addresses that nothing arrives there.

The new copies are empty, so that nobody is in an audience, until the daily duty has written them.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_rgpd", "0006_consent_address")]

    operations = [
        migrations.AddField("address", "unreachable_at", models.DateTimeField(blank=True, null=True)),
        migrations.RemoveIndex("consentstate", "rgpd_consent_address"),
        migrations.RenameField("consentstate", "address", "agreed_with"),
        migrations.AddField(
            "consentstate", "address", models.CharField(blank=True, max_length=254, null=True)
        ),
        migrations.AddField("consentstate", "silent_until", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "consentstate",
            models.Index(
                condition=models.Q(("live", True)),
                fields=["agreed_with", "purpose"],
                name="rgpd_consent_address",
            ),
        ),
        migrations.AddIndex(
            "consentstate",
            models.Index(
                condition=models.Q(("address__isnull", False)),
                fields=["purpose", "channel", "id"],
                name="rgpd_consent_audience",
            ),
        ),
    ]
