"""One import of a list: which file waits where, what was said of it, and how far it came."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Stage(models.TextChoices):
    """Where an import stands."""

    RECEIVED = "received", _("being read")
    JUDGED = "judged", _("waits for your confirmation")
    CONFIRMED = "confirmed", _("being taken")
    DONE = "done", pgettext_lazy("import", "taken")
    REFUSED = "refused", _("refused")
    ENDED = "ended", pgettext_lazy("import", "ended")


class ConsentImport(models.Model):
    """A list that was handed in for one purpose and channel; its lines are in private files, for a day at most.

    ``wording``: for lines that name none, the uuid of a text of the library, or a language and the text itself. ``texts``:
    those that the file holds. ``told``: what the trial said (counts by reason). ``line``: how far it was taken. ``changed``:
    what was promised and could not be taken any more, by reason.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1)
    purpose = models.CharField(_("purpose"), max_length=64)
    channel = models.CharField(_("channel"), max_length=16)
    wording = models.TextField(blank=True, default="")
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices, default=Stage.RECEIVED)
    upload = models.CharField(max_length=64, blank=True, default="")
    accepted = models.CharField(max_length=64, blank=True, default="")
    report = models.CharField(max_length=64, blank=True, default="")
    texts = models.JSONField(default=list, blank=True)
    told = models.JSONField(default=dict, blank=True)
    line = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(_("consents taken"), default=0)
    changed = models.JSONField(default=dict, blank=True)
    note = models.CharField(max_length=300, blank=True, default="")
    actor = models.CharField(_("by whom"), max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("import of consents")
        verbose_name_plural = _("imports of consents")
        permissions = [("import_consents", _("Can import a list of consents"))]
        indexes = [models.Index(fields=["stage", "created_at"], name="rgpd_import_stage")]

    def __str__(self) -> str:
        return str(self.uuid)
