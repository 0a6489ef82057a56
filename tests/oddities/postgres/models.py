# ruff: noqa: DJ008
"""Arrays, hstore and a range."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateRangeField, HStoreField
from django.db import models


class Listed(models.Model):
    """Columns that hold many values each; stays."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    names = ArrayField(models.CharField(max_length=100))
    notes = ArrayField(models.CharField(max_length=100), null=True)
    pairs = HStoreField()
    stay = DateRangeField(null=True)
    created = models.DateTimeField()
