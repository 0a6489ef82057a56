"""The job: what must happen elsewhere or later, written in the same transaction as its reason."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a job stands, in words that staff can read."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    GONE = "gone", _("already gone")
    REFUSED = "refused", _("refused")
    NEEDS = "needs", _("needs someone")


class Job(models.Model):
    """One thing to do; the row is the truth and a task only wakes it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    name = models.CharField(_("task"), max_length=64)
    person = models.UUIDField(_("person"), null=True, blank=True, db_index=True)
    key = models.CharField(max_length=128, null=True, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(_("written on"))
    run_at = models.DateTimeField(_("not before"))
    due_at = models.DateTimeField(_("late from"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    leased_until = models.DateTimeField(_("being worked on until"), null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    finished_at = models.DateTimeField(_("ended on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "key"],
                condition=Q(key__isnull=False, state__in=["waiting", "running"]),
                name="rgpd_job_once",
            )
        ]
        indexes = [models.Index(fields=["state", "run_at"], name="rgpd_job_due")]

    def __str__(self) -> str:
        return f"{self.name} {self.uuid}"
