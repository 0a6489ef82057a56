"""Requests for erasure with what was decided and done, and the index of signed-in sessions."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ErasureState(models.TextChoices):
    """Where an erasure stands."""

    ASKED = "asked", _("asked")
    OPEN = "open", _("done but for open business or a hold")
    TOLD = "told", _("done here; a processor has yet to do it")
    DONE = "done", _("done")


class Erasure(models.Model):
    """One erasure of one person: what was asked, the plan that was shown, what was done; no personal
    value."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    person = models.UUIDField(_("person"))
    state = models.CharField(
        _("state"), max_length=8, choices=ErasureState.choices, default=ErasureState.ASKED
    )
    how = models.CharField(_("by which way"), max_length=32, default="account")
    actor = models.CharField(_("by whom"), max_length=255, blank=True, default="")
    asked_at = models.DateTimeField(_("asked on"))
    done_at = models.DateTimeField(_("done on"), null=True, blank=True)
    open_until = models.DateField(_("open until"), null=True, blank=True)
    choices = models.JSONField(_("choices"), default=dict, blank=True)
    plan = models.JSONField(_("plan"), default=dict, blank=True)
    receipt = models.JSONField(_("receipt"), default=dict, blank=True)
    processors = models.JSONField(_("processors"), default=dict, blank=True)
    """Key of each processor that was told → where it stands, since when, and their evidence."""

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        permissions = [("execute_erasure", _("Can erase a person on request"))]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "person"], condition=Q(state="asked"), name="rgpd_erasure_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class SignIn(models.Model):
    """Which sessions are an account's: the digest of the session's key and the key of the account, nothing
    else."""

    session = models.CharField(max_length=64, unique=True)
    session_key = models.CharField(max_length=64)
    user_key = models.CharField(max_length=255, db_index=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")

    def __str__(self) -> str:
        return f"{self.pk}"
