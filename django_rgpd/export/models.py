"""Requests for an export, and the file that waits to be collected."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ExportState(models.TextChoices):
    """Where an export stands."""

    WAITING = "waiting", _("being prepared")
    READY = "ready", _("ready")
    EXPIRED = "expired", _("expired")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")


class Document(models.TextChoices):
    """The two documents."""

    ACCESS = "access", _("access (GDPR art. 15)")
    PORTABILITY = "portability", _("portability (GDPR art. 20)")


class ExportRequest(models.Model):
    """One export asked for by its owner, built in the background and collected from a private place."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    person = models.UUIDField(_("person"), db_index=True)
    user_key = models.CharField(_("account"), max_length=255, null=True, blank=True)
    document = models.CharField(
        _("document"), max_length=12, choices=Document.choices, default=Document.ACCESS
    )
    language = models.CharField(_("language"), max_length=16, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=9, choices=ExportState.choices, default=ExportState.WAITING
    )
    asked_at = models.DateTimeField(_("asked on"))
    ready_at = models.DateTimeField(_("ready on"), null=True, blank=True)
    expires_at = models.DateTimeField(_("available until"), null=True, blank=True)
    collected_at = models.DateTimeField(_("collected on"), null=True, blank=True)
    name = models.CharField(max_length=100, blank=True, default="")
    size = models.PositiveBigIntegerField(_("size"), default=0)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "person", "document"], condition=Q(state="waiting"), name="rgpd_export_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.uuid)
