"""The only tables that tie an address to someone, and what must outlive them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Person(models.Model):
    """Somebody the shop knows, as an account or by an address; ledgers, jobs and requests know her uuid alone."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    user_key = models.CharField(max_length=255, null=True, blank=True)
    language = models.CharField(max_length=16, blank=True, default="")
    last_contact = models.DateTimeField(null=True, blank=True)
    merged_into = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "user_key"], condition=Q(user_key__isnull=False), name="rgpd_person_user"
            )
        ]
        indexes = [
            models.Index(fields=["last_contact"], name="rgpd_person_contact"),
            models.Index(fields=["merged_into"], name="rgpd_person_merged"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Kind(models.TextChoices):
    """Kinds of address."""

    EMAIL = "email", _("email address")
    PHONE = "phone", _("phone number")


class Address(models.Model):
    """An address of a person, with its proof and history; erasure nulls ``canonical`` and leaves the digest."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="addresses")
    site = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.EMAIL)
    canonical = models.CharField(max_length=254, null=True, blank=True)
    digest = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)
    proven_how = models.CharField(max_length=32, blank=True, default="")
    proven_by = models.CharField(max_length=255, blank=True, default="")
    unreachable_at = models.DateTimeField(null=True, blank=True)
    """Mails to it bounced for good: nothing is sent there until it is proven anew."""

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "digest"],
                condition=Q(until__isnull=True),
                name="rgpd_address_current",
            )
        ]
        indexes = [
            models.Index(fields=["digest"], name="rgpd_address_digest"),
            models.Index(fields=["canonical"], name="rgpd_address_canonical"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Suppression(models.Model):
    """A digest of an address that must not be written to, kept after an erasure (art. 21.3); nothing but a fresh
    confirmed opt-in by the person lifts it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.EMAIL)
    digest = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)
    channel = models.CharField(max_length=16, blank=True, default="")
    purpose = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(max_length=32)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "digest", "channel", "purpose"],
                condition=Q(lifted_at__isnull=True),
                name="rgpd_suppression_standing",
            )
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Challenge(models.Model):
    """A short-lived random link or code, of which only the hash is kept: opt-in, proof of an address, step-up, collection."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    about = models.CharField(max_length=32)
    person = models.UUIDField(null=True, blank=True, db_index=True)
    address = models.ForeignKey(Address, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    hashed = models.CharField(max_length=64, unique=True)
    details = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("challenge")
        verbose_name_plural = _("challenges")

    def __str__(self) -> str:
        return f"{self.about} {self.uuid}"


class HoldKind(models.TextChoices):
    """Why something is kept although its time has come."""

    DISPUTE = "dispute", _("a dispute")
    UNPAID = "unpaid", _("an unpaid amount")
    RESTRICTION = "restriction", _("a restriction that the person asked for")
    AUTHORITY = "authority", _("a request of an authority")


def holdable() -> list[tuple[str, Any]]:
    """What a hold may be about, with its public words: all of a person's (""), or a row of a table with personal fields."""
    from django_rgpd.registry.site import registry

    tables = [
        (entry.label, entry.declaration.label or entry.model._meta.verbose_name_plural)
        for entry in registry
        if entry.declaration.fields and entry.model._meta.app_label != Hold._meta.app_label
    ]
    return [("", _("everything")), *tables]


class Hold(models.Model):
    """What must not go meanwhile (art. 18.2, 17.3 b and e): all that is a person's, or one row and those that follow it.

    ``label`` and ``key`` name the row; without them it is all of ``person``'s, whose uuid stands beside a row as well where it is
    known. ``purposes``: those that it is about, sorted; none for all. ``rows``: of a person who was erased, those that were hers.
    The same is held once for a reason; one whose end was announced (``ends_at``) does not stand in the way of another.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    kind = models.CharField(_("kind"), max_length=12, choices=HoldKind.choices)
    person = models.UUIDField(_("person"), null=True, blank=True, db_index=True)
    label = models.CharField(_("table"), max_length=100, blank=True, default="", choices=holdable)
    key = models.CharField(_("key"), max_length=255, blank=True, default="")
    purposes = models.JSONField(_("purposes"), default=list, blank=True)
    reason = models.TextField(_("reason"))
    owner = models.CharField(_("who answers for it"), max_length=255)
    since = models.DateTimeField(_("since"))
    review_on = models.DateField(_("to be reviewed on"))
    ends_at = models.DateTimeField(_("announced to end on"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted on"), null=True, blank=True)
    lifted_by = models.CharField(_("lifted by"), max_length=255, blank=True, default="")
    rows = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        permissions = [("place_hold", _("Can place, review and lift holds"))]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "person", "purposes"],
                condition=Q(lifted_at__isnull=True, ends_at__isnull=True, label=""),
                name="rgpd_hold_person",
            ),
            models.UniqueConstraint(
                fields=["site", "kind", "label", "key", "purposes"],
                condition=Q(lifted_at__isnull=True, ends_at__isnull=True) & ~Q(label=""),
                name="rgpd_hold_row",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | ~Q(label=""), name="rgpd_hold_of_something"
            ),
        ]
        indexes = [
            models.Index(fields=["review_on"], condition=Q(lifted_at__isnull=True), name="rgpd_hold_standing")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"
