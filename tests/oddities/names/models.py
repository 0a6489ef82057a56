# ruff: noqa: DJ008
"""Tables and columns whose names must be quoted, a table in a schema of its own, and columns that the database fills."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from tests.oddities.settings import ON_POSTGRESQL

LONGEST = 63
"""Bytes of a name on PostgreSQL."""

SCHEMA = "Odd schema"


def mine(column: str) -> models.ForeignKey:
    """Whose row it is, in a column of this name."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_column=column,
        db_constraint=False,
    )


class Keyword(models.Model):
    """Words of SQL; stays."""

    id = models.BigAutoField(primary_key=True, db_column="select")
    user = mine("user")
    group = models.CharField(max_length=100, db_column="group")
    order = models.CharField(max_length=100, null=True, db_column="order")
    created = models.DateTimeField(db_column="where")

    class Meta:
        db_table = "order"


class Spaced(models.Model):
    """Spaces, capitals, accents and marks; goes."""

    id = models.BigAutoField(primary_key=True, db_column="Key No.")
    email = models.EmailField(db_column="E-Mail Adresse")
    text = models.CharField(max_length=100, db_column="Was gesagt wurde? (é)")
    created = models.DateTimeField(db_column="Am;--")

    class Meta:
        db_table = "Odd Table's name"


class Long(models.Model):
    """The longest names that there may be, alike but for the end; stays."""

    user = mine("u" * LONGEST)
    text = models.CharField(max_length=100, db_column="c" * (LONGEST - 1) + "1")
    kept = models.CharField(max_length=100, db_column="c" * (LONGEST - 1) + "2")
    created = models.DateTimeField(db_column="d" * LONGEST)

    class Meta:
        db_table = "t" * LONGEST


class Qualified(models.Model):
    """In a schema of its own; stays."""

    keyword = models.ForeignKey(Keyword, on_delete=models.CASCADE, db_constraint=False)
    user = mine("user_id")
    email = models.EmailField(null=True)
    text = models.CharField(max_length=100, null=True)
    created = models.DateTimeField()

    class Meta:
        managed = False
        db_table = f'"{SCHEMA}"."qualified things"' if ON_POSTGRESQL else "qualified things"


class Filled(models.Model):
    """What the database fills itself: a default, and a column that is made of another; stays."""

    user = mine("user_id")
    email = models.EmailField(db_default="nobody@example.com")
    lowered = models.GeneratedField(
        expression=Lower("email"), output_field=models.CharField(max_length=254), db_persist=True
    )
    text = models.CharField(max_length=100, db_default="")
    created = models.DateTimeField()
