# ruff: noqa: DJ008
"""One oddity a model."""

import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q


class Marked(models.Model):
    """What a generic key leads from."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.CharField(max_length=64)
    target = GenericForeignKey()
    remark = models.CharField(max_length=100)


class Note(models.Model):
    """Goes with its account (CASCADE); has generic remarks."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    text = models.TextField()
    marks = GenericRelation(Marked, related_query_name="note")
    created = models.DateTimeField()


class Loan(models.Model):
    """Must stay, and says whose it is with a NOT NULL key: the account stays as a tombstone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    contract = models.CharField(max_length=100)
    phone = models.CharField(max_length=100)
    created = models.DateTimeField()


class Visible(models.Manager["Hidden"]):
    """Leaves out what is marked as deleted."""

    def get_queryset(self) -> models.QuerySet["Hidden"]:
        """The others."""
        return super().get_queryset().filter(deleted=False)


class Hidden(models.Model):
    """Rows that its managers hide, the base manager too."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(max_length=100)
    deleted = models.BooleanField(default=False)
    created = models.DateTimeField()
    objects = Visible()

    class Meta:
        base_manager_name = "objects"


class Comment(models.Model):
    """Refers to itself."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    text = models.TextField()
    created = models.DateTimeField()


class Parcel(models.Model):
    """The first table of two."""

    sender = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    street = models.CharField(max_length=100)
    created = models.DateTimeField()


class Fragile(Parcel):
    """The second."""

    warning = models.CharField(max_length=100)


class Kept(Parcel):
    """A second table whose rows stay, with columns to erase in both."""

    remark = models.CharField(max_length=100)


class Settings(models.Model):
    """The account's key is its own key; nested JSON; a column name with a space."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    wishes = models.JSONField(default=dict)
    odd = models.CharField(max_length=100, db_column="an odd name")
    created = models.DateTimeField()


class Subscriber(models.Model):
    """Found by its address alone, which is unique and may not be empty; its row stays."""

    email = models.EmailField(unique=True)
    sign = models.CharField(max_length=1, blank=True)
    level = models.CharField(max_length=10, choices=[("gold", "gold"), ("none", "none")])
    height = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    born = models.DateField(null=True)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(email=""), name="zoo_subscriber_email")]


class Club(models.Model):
    """Many to many, through a table that says more."""

    name = models.CharField(max_length=100)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="+")
    fans = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")


class Membership(models.Model):
    """What is said of a member."""

    club = models.ForeignKey(Club, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    nickname = models.CharField(max_length=100)
    created = models.DateTimeField()


class Place(models.Model):
    """An address that only a trip leads to."""

    street = models.CharField(max_length=100)


class Trip(models.Model):
    """Leads to a person and to a place, and stays."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    place = models.ForeignKey(Place, null=True, on_delete=models.SET_NULL, related_name="trips")
    created = models.DateTimeField()


class Loud(models.Model):
    """Its own signals must fire; its text is rewritten by a function."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    title = models.CharField(max_length=100)
    text = models.TextField()
    created = models.DateTimeField()


class LoudOnly(Loud):
    """A proxy: the same table under another name."""

    class Meta:
        proxy = True


class Elsewhere(models.Model):
    """A table that Django does not make."""

    login = models.CharField(max_length=100)
    text = models.CharField(max_length=100)
    created = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "zoo_elsewhere"


class Stray(models.Model):
    """Nobody declared it, and it refers to accounts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)


class StrayCascade(models.Model):
    """The same, with CASCADE."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)


class StrayNull(models.Model):
    """The same, with SET_NULL."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)


class StrayNothing(models.Model):
    """The same, with DO_NOTHING."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING)


class HarmlessNull(models.Model):
    """Said to hold nothing personal; its key is set to NULL, as the shop itself would."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)


class Photo(models.Model):
    """A stored file beside the row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    picture = models.FileField(upload_to="photos")
    created = models.DateTimeField()


class Strict(models.Model):
    """Its constraint refuses the erased form that is declared."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=100)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="zoo_strict_name")]
