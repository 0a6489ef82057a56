"""The ledger: events that are only ever added, and the seals that chain them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Seal(models.Model):
    """A batch of events chained to the one before (a hash over their hashes and the previous seal's)."""

    number = models.PositiveBigIntegerField(unique=True)
    sealed_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    key_id = models.CharField(max_length=32)
    mirrored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return str(self.number)


class Event(models.Model):
    """Something that was asked, decided or done about a person, known by uuid alone.

    ``at`` is when it happened, ``recorded_at`` when it was written; at its own term an event loses
    ``payload`` and keeps the hash of it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    kind = models.CharField(_("kind"), max_length=48)
    person = models.UUIDField(_("person"), null=True, db_index=True)
    purpose = models.CharField(_("purpose"), max_length=64, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=16, blank=True, default="")
    at = models.DateTimeField(_("happened on"))
    recorded_at = models.DateTimeField(_("recorded on"))
    how = models.CharField(_("by which way"), max_length=32, blank=True, default="")
    actor = models.CharField(_("by whom"), max_length=255, blank=True, default="")
    payload = models.JSONField(_("details"), null=True, blank=True)
    payload_hash = models.CharField(max_length=64)
    seal = models.ForeignKey(Seal, null=True, on_delete=models.PROTECT, related_name="events")

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        permissions = [
            ("view_ledger", _("Can read the ledger")),
            ("view_archive", _("Can read what only the law still needs")),
            ("approve_policy", _("Can approve what a new policy releases")),
        ]
        indexes = [
            models.Index(fields=["person", "purpose", "channel", "at"], name="rgpd_event_person"),
            models.Index(fields=["kind", "at"], name="rgpd_event_kind"),
            models.Index(fields=["seal"], condition=models.Q(seal__isnull=True), name="rgpd_event_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"
