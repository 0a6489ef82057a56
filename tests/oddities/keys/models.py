# ruff: noqa: DJ008
"""Every way of referring to a row, every kind of key, and every kind of column that an erased form must fit."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

USER = settings.AUTH_USER_MODEL


class Album(models.Model):
    """What the next ones refer to."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=100)
    created = models.DateTimeField()


class OfAlbum(models.Model):
    """What refers to an album."""

    text = models.CharField(max_length=100)

    class Meta:
        abstract = True


class Protected(OfAlbum):
    """PROTECT."""

    album = models.ForeignKey(Album, on_delete=models.PROTECT)


class Restricted(OfAlbum):
    """RESTRICT."""

    album = models.ForeignKey(Album, on_delete=models.RESTRICT)


class Defaulted(OfAlbum):
    """SET_DEFAULT."""

    album = models.ForeignKey(Album, null=True, default=None, on_delete=models.SET_DEFAULT)


def nobodys() -> None:
    """What SET() puts in the place of an album."""
    return


class Substituted(OfAlbum):
    """SET()."""

    album = models.ForeignKey(Album, null=True, on_delete=models.SET(nobodys))


class Untouched(OfAlbum):
    """DO_NOTHING: the key is deferred, and the database speaks at COMMIT."""

    album = models.ForeignKey(Album, on_delete=models.DO_NOTHING)


class Print(models.Model):
    """A receipt that the law keeps, for an album that it may not lose."""

    album = models.ForeignKey(Album, on_delete=models.PROTECT)
    receipt = models.CharField(max_length=100)


class GenericKey(models.Model):
    """A generic key whose far end knows nothing of it."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    target = GenericForeignKey()
    word = models.CharField(max_length=100)
    created = models.DateTimeField()

    class Meta:
        abstract = True


class Tag(GenericKey):
    """The key is a text."""

    object_id = models.CharField(max_length=64)


class Pin(GenericKey):
    """The key is a UUID."""

    object_id = models.UUIDField()


class Score(GenericKey):
    """The key is a number, and the row stays without it."""

    object_id = models.PositiveIntegerField(null=True)


class StrayTag(GenericKey):
    """Nobody declared it."""

    object_id = models.TextField()


class Cell(models.Model):
    """A key of two columns; goes."""

    pk = models.CompositePrimaryKey("sheet", "number")
    sheet = models.UUIDField(default=uuid.uuid4)
    number = models.IntegerField()
    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=100)
    created = models.DateTimeField()


class KeptCell(models.Model):
    """A key of two columns, one of them a key itself; stays. Another role's person is found by her address."""

    pk = models.CompositePrimaryKey("album_id", "number")
    album = models.ForeignKey("Shelf", on_delete=models.CASCADE, related_name="+")
    number = models.IntegerField()
    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.CharField(max_length=100)
    other = models.CharField(max_length=100)
    created = models.DateTimeField()


class OpenCell(models.Model):
    """A key of two columns under which business is open, found by an address alone."""

    pk = models.CompositePrimaryKey("sheet", "number")
    sheet = models.UUIDField(default=uuid.uuid4)
    number = models.IntegerField()
    email = models.EmailField()
    open = models.BooleanField(default=True)
    created = models.DateTimeField()


class Shelf(models.Model):
    """Holds nothing personal."""


class Friendly(models.Model):
    """Many to many with itself."""

    user = models.OneToOneField(USER, on_delete=models.CASCADE, related_name="+")
    bio = models.CharField(max_length=100)
    friends = models.ManyToManyField("self")
    created = models.DateTimeField()


class HistoricalAlbum(models.Model):
    """A copy of each version of an album, as history packages keep it: keys without constraints, and who made it."""

    history_id = models.AutoField(primary_key=True)
    id = models.BigIntegerField()
    user = models.ForeignKey(
        USER, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    title = models.CharField(max_length=100)
    created = models.DateTimeField()
    history_date = models.DateTimeField()
    history_user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")


class Basket(models.Model):
    """JSON of which one part is somebody's, and the rest stays."""

    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    data = models.JSONField()
    created = models.DateTimeField()


class Sign(models.TextChoices):
    """One letter."""

    MAN = "m"
    WOMAN = "w"
    UNSAID = "-"


class Measured(models.Model):
    """Columns that are full: no NULL, a range, an enumeration, one character, a fixed precision."""

    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    sign = models.CharField(max_length=1, choices=Sign.choices)
    rank = models.PositiveSmallIntegerField()
    weight = models.DecimalField(max_digits=5, decimal_places=2)
    born = models.DateField(default=date(1900, 1, 1))
    token = models.UUIDField(default=uuid.uuid4)
    blob = models.BinaryField()
    slept = models.DurationField(default=timedelta)
    flag = models.BooleanField(default=True)
    ip = models.GenericIPAddressField(null=True)
    link = models.URLField(blank=True)
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(rank__range=(1, 5)), name="odd_keys_rank"),
            models.CheckConstraint(condition=Q(weight__gt=Decimal("0")), name="odd_keys_weight"),
            models.CheckConstraint(condition=Q(sign__in=Sign.values), name="odd_keys_sign"),
        ]


class Numbered(models.Model):
    """Unique by two columns, of which one is erased and one goes to NULL."""

    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=100)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="odd_keys_once")]


class Shelved(models.Model):
    """Unique by a column that is erased and one that stays: two erased rows would be the same."""

    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    shelf = models.ForeignKey("Shelf", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shelf", "name"], name="odd_keys_shelved_once")]


class Domestic(models.Model):
    """A CHECK that no placeholder passes."""

    user = models.ForeignKey(USER, null=True, on_delete=models.SET_NULL, related_name="+")
    email = models.EmailField()
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email__endswith="@example.com"), name="odd_keys_domestic_address"
            )
        ]


class Portrait(models.Model):
    """A stored file with what was made of it."""

    user = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    picture = models.FileField(upload_to="portraits")
    created = models.DateTimeField()


if hasattr(models, "DB_CASCADE"):  # Django 6.1

    class DatabaseCascade(models.Model):
        """The database itself deletes it, without a word to Django."""

        user = models.ForeignKey(USER, on_delete=models.DB_CASCADE, related_name="+")
        text = models.CharField(max_length=100)
        created = models.DateTimeField()

    class StrayDatabaseCascade(models.Model):
        """The same, and nobody declared it."""

        user = models.ForeignKey(USER, on_delete=models.DB_CASCADE, related_name="+")


class StrayRestrict(models.Model):
    """Nobody declared it (RESTRICT)."""

    user = models.ForeignKey(USER, on_delete=models.RESTRICT, related_name="+")


class StrayDefault(models.Model):
    """The same, with SET_DEFAULT."""

    user = models.ForeignKey(USER, null=True, default=None, on_delete=models.SET_DEFAULT, related_name="+")


class StraySet(models.Model):
    """The same, with SET()."""

    user = models.ForeignKey(USER, null=True, on_delete=models.SET(nobodys), related_name="+")


class StrayHistory(models.Model):
    """A history that nobody declared: its key has no constraint."""

    user = models.ForeignKey(
        USER, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    title = models.CharField(max_length=100)
