"""The guard of the ledger: triggers that let it only grow."""

from django.db import migrations

from django_rgpd.ledger import guard


class Migration(migrations.Migration):
    dependencies = [("django_rgpd", "0001_initial")]

    operations = [
        migrations.RunPython(
            guard.install, guard.remove, elidable=False, hints={"model_name": "event"}
        ),
    ]
