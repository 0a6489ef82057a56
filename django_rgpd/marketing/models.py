"""What a reader does with a mailing, as her mail provider tells it: clicks, and openings where she agreed to that."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class EngagementKind(models.TextChoices):
    """What she did."""

    CLICKED = "clicked", _("a link clicked")
    OPENED = "opened", _("a mail opened")


class Engagement(models.Model):
    """One click or one opening: whose, of which mailing, when; never the link, which may say what she looked at.

    ``mailing`` is the uuid of the campaign or job that the mail was of, or None where the provider did not tell.
    """

    site = models.PositiveIntegerField(default=1)
    person = models.UUIDField()
    mailing = models.UUIDField(_("mailing"), null=True, blank=True)
    kind = models.CharField(_("what was done"), max_length=8, choices=EngagementKind.choices)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("click or opening")
        verbose_name_plural = _("clicks and openings")
        constraints = [
            models.UniqueConstraint(fields=["person", "mailing", "kind", "at"], name="rgpd_engagement_once"),
            models.UniqueConstraint(
                fields=["person", "kind", "at"],
                condition=Q(mailing__isnull=True),
                name="rgpd_engagement_once_alone",
            ),
        ]
        indexes = [
            models.Index(fields=["at"], name="rgpd_engagement_at"),
            models.Index(fields=["mailing"], name="rgpd_engagement_mailing"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
