"""Thirty models with Django's account: an order of eight personal columns, four tables below it, 24 small ones."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class _Row(models.Model):
    """What every table has: it is shown by its key alone."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.model_name} {self.pk}"


class Order(_Row):
    """An order: many rows a customer, and the table that terms end in.

    It is looked for by its customer, its number, its day and its address, as in every shop: four indexes beside the key's.
    """

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    number = models.CharField(max_length=20, db_index=True)
    placed_at = models.DateTimeField(db_index=True)
    total = models.DecimalField(max_digits=9, decimal_places=2)
    status = models.CharField(max_length=10)
    name = models.CharField(max_length=80, blank=True)
    company = models.CharField(max_length=80, blank=True)
    street = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    email = models.CharField(max_length=120, blank=True, db_index=True)
    note = models.TextField(blank=True)


class Line(_Row):
    """A thing ordered: as many rows as orders."""

    order = models.ForeignKey(Order, models.CASCADE)
    product = models.CharField(max_length=40)
    engraving = models.CharField(max_length=80, blank=True)


class Parcel(_Row):
    """A parcel: one for every tenth order."""

    order = models.ForeignKey(Order, models.CASCADE)
    left_with = models.CharField(max_length=80, blank=True)


class Payment(_Row):
    """A payment: one for every tenth order."""

    order = models.ForeignKey(Order, models.CASCADE)
    holder = models.CharField(max_length=80, blank=True)


class Invoice(_Row):
    """An invoice, which the law keeps: one for every tenth order."""

    order = models.ForeignKey(Order, models.CASCADE)
    billed_to = models.CharField(max_length=80, blank=True)
    issued_at = models.DateTimeField()


class Member(_Row):
    """A member of the shop's club, while she agrees to it: known by her account, and by a flag as a bare shop has it."""

    customer = models.BigIntegerField(unique=True)
    nickname = models.CharField(max_length=80, blank=True)
    wish = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    agreed = models.BooleanField(default=False)
    joined_at = models.DateTimeField()


class Reader(_Row):
    """A person as a bare shop keeps her that sends a newsletter: her address, and a flag that says whether she wants it."""

    uuid = models.UUIDField(default=uuid.uuid4)
    email = models.CharField(max_length=120)
    agreed = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(agreed=True), name="bench_reader_agreed")]


class Note(_Row):
    """Something that happened, as a bare shop would write it down: the ledger's columns, with no index and no seal."""

    uuid = models.UUIDField(default=uuid.uuid4)
    kind = models.CharField(max_length=48)
    person = models.UUIDField(null=True)
    purpose = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    how = models.CharField(max_length=32, blank=True)
    payload = models.JSONField(null=True)


def _small(number: int) -> type[models.Model]:
    """A table of a few rows a customer."""
    columns = {
        "__module__": __name__,
        "__doc__": "A few rows a customer.",
        "user": models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE),
        "created_at": models.DateTimeField(db_index=True),
        "said": models.CharField(max_length=80, blank=True),
    }
    return type(f"Small{number:02}", (_Row,), columns)


SMALL = [_small(number) for number in range(1, 25)]
OF_AN_ORDER = [Line, Parcel, Payment, Invoice]
