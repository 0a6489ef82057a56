"""Wordings that people agreed to, and the state that follows from the events of the ledger."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Wording(models.Model):
    """The text beside a box, as it stood: versioned data that is never changed once it was agreed to (art.
    7.1).
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    purpose = models.CharField(_("purpose"), max_length=64)
    language = models.CharField(_("language"), max_length=16)
    version = models.PositiveIntegerField(_("version"), default=1)
    text = models.TextField(_("text"))
    from_label = models.BooleanField(default=False, editable=False)
    """Made from the purpose's label, because staff wrote none."""
    imported = models.BooleanField(default=False, editable=False)
    """What people agreed to elsewhere, before they were taken over: proof, and never shown beside a box here."""
    valid_from = models.DateTimeField(_("valid from"))

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "purpose", "language", "version"], name="rgpd_wording_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} {self.version}"


class Standing(models.TextChoices):
    """What the latest event says."""

    LIVE = "live", _("agreed")
    WITHDRAWN = "withdrawn", _("withdrawn")
    OBJECTED = "objected", _("objected")
    EXPIRED = "expired", _("ended")
    INFORMED = "informed", _("informed")


class ConsentState(models.Model):
    """What stands for one person, purpose and channel: a row that can be rebuilt from the events.

    An empty channel means every channel of a marketing purpose, an empty purpose every marketing purpose.
    A live row carries the account key and the address that was agreed with as a declared copy, and a live or informed row the
    ``address`` that may be written to about it (``copies``): withdrawal and erasure clear them, and an audience is read without
    a join.
    """

    site = models.PositiveIntegerField(default=1)
    person = models.UUIDField()
    purpose = models.CharField(max_length=64)
    channel = models.CharField(max_length=16, blank=True, default="")
    standing = models.CharField(max_length=12, choices=Standing.choices)
    live = models.BooleanField(default=False)
    since = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    event = models.UUIDField()
    wording = models.UUIDField(null=True, blank=True)
    language = models.CharField(max_length=16, blank=True, default="")
    user_key = models.CharField(max_length=255, null=True, blank=True)
    agreed_with = models.CharField(max_length=254, null=True, blank=True)
    address = models.CharField(max_length=254, null=True, blank=True)
    """Where it is written to: none where no address is proven and reached, or where it is suppressed without an end."""
    silent_until = models.DateTimeField(null=True, blank=True)
    """When the last suppression of that address ends that has an end."""

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        permissions = [("record_objection", _("Can record what a person said by letter or phone"))]
        constraints = [
            models.UniqueConstraint(fields=["site", "person", "purpose", "channel"], name="rgpd_consent_one")
        ]
        indexes = [
            models.Index(
                fields=["purpose", "channel", "id"], condition=Q(live=True), name="rgpd_consent_live"
            ),
            models.Index(fields=["user_key", "purpose"], condition=Q(live=True), name="rgpd_consent_user"),
            models.Index(
                fields=["agreed_with", "purpose"], condition=Q(live=True), name="rgpd_consent_address"
            ),
            models.Index(
                fields=["purpose", "channel", "id"],
                condition=Q(address__isnull=False),
                name="rgpd_consent_audience",
            ),
            models.Index(fields=["expires_at"], condition=Q(live=True), name="rgpd_consent_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.channel} {self.person}"
