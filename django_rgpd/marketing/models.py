"""Campaigns, who was to get them and what became of that; and what readers do with mailings, as mail providers tell it."""

from __future__ import annotations

import re
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_rgpd.core import mail
from django_rgpd.marketing import markup
from django_rgpd.policy import EMAIL

PLACEHOLDERS = re.compile(r"\{\{|\{%|\*\||\[\[|[{]\$|\$[{]|%%[^%\s]+%%")
"""How the usual newsletter programs mark what they fill in."""


def no_placeholders(text: str) -> None:
    """Raises ``ValidationError`` for a text that would have names filled in: the library knows none."""
    if PLACEHOLDERS.search(text):
        raise ValidationError(
            _(
                "Everybody gets the same text: nothing is filled in. Leave out marks such as {{ name }} and *|NAME|*."
            ),
            code="placeholder",
        )


def languages() -> list[tuple[str, str]]:
    """The site's languages, as a form offers them."""
    return [(code, str(label)) for code, label in settings.LANGUAGES]


class CampaignState(models.TextChoices):
    """Where a campaign stands, in words."""

    DRAFT = "draft", _("draft")
    SENDING = "sending", _("being sent")
    PAUSED = "paused", _("paused")
    STOPPED = "stopped", _("stopped")
    DONE = "done", pgettext_lazy("campaign", "done")


class Campaign(models.Model):
    """One message to everybody to whom a purpose may be sent by email."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.PositiveIntegerField(default=1, editable=False)
    name = models.CharField(_("name"), max_length=100, help_text=_("Only your colleagues see it."))
    purpose = models.CharField(_("purpose"), max_length=64)
    channel = models.CharField(max_length=16, default=EMAIL, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=CampaignState.choices, default=CampaignState.DRAFT
    )
    note = models.CharField(_("why it waits"), max_length=200, blank=True, default="")
    created_by = models.CharField(_("written by"), max_length=255, blank=True, default="")
    created_at = models.DateTimeField(_("written on"))
    started_by = models.CharField(_("started by"), max_length=255, blank=True, default="")
    started_at = models.DateTimeField(_("started on"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended on"), null=True, blank=True)
    built = models.BooleanField(default=False, editable=False)
    """Whether the list of recipients is complete."""
    built_upto = models.BigIntegerField(default=0, editable=False)
    """The last key of the audience that was looked at."""
    parts = models.PositiveIntegerField(default=0, editable=False)
    totals = models.JSONField(default=dict, blank=True, editable=False)
    """The counts of the end, which stay when the recipients' rows have gone."""

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        permissions = [("send_campaign", _("Can send, pause and stop campaigns"))]
        indexes = [models.Index(fields=["state"], condition=Q(state="sending"), name="rgpd_campaign_sending")]

    def __str__(self) -> str:
        return self.name


class CampaignText(models.Model):
    """What a campaign says in one language: the person's language chooses, the site's stands in for others."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=16, choices=languages)
    subject = models.CharField(_("subject"), max_length=150, validators=[no_placeholders])
    text = models.TextField(
        _("text"),
        validators=[no_placeholders],
        help_text=_("Plain text. Web addresses become links, and the way out is added below."),
    )
    html = models.TextField(
        _("HTML"),
        blank=True,
        default="",
        validators=[no_placeholders],
        help_text=_(
            "Instead of the plain text, for mail programs that show it. Scripts and forms are taken out."
        ),
    )

    class Meta:
        verbose_name = _("text of a campaign")
        verbose_name_plural = _("texts of campaigns")
        constraints = [
            models.UniqueConstraint(fields=["campaign", "language"], name="rgpd_campaign_language")
        ]

    def __str__(self) -> str:
        return self.subject

    def clean(self) -> None:
        """Take out what no mail may hold: line breaks of the subject, control characters, scripts.

        Raises ``ValidationError`` where no subject is left, or nothing here can clean HTML.
        """
        wrote = self.subject
        self.subject, self.text = mail.clean_header(self.subject), mail.clean_text(self.text)
        if wrote and not self.subject:  # an empty one, or one too long, the field itself refuses
            raise ValidationError({"subject": _("Write a subject.")})
        if self.html.strip() and not markup.available():
            raise ValidationError({"html": _("HTML needs a cleaner: pip install 'django-rgpd[campaigns]'.")})
        self.html = markup.cleaned(mail.clean_text(self.html)) if self.html.strip() else ""


class RecipientState(models.TextChoices):
    """What became of one person's message, in words."""

    WAITING = "waiting", _("still to be sent")
    HANDING = "handing", _("being handed over")
    SENT = "sent", _("sent")
    DROPPED = "dropped", _("left out")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("perhaps not received")


class CampaignRecipient(models.Model):
    """One person of one campaign, by uuid alone: on which ground she was to get it, and what became of it."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="recipients")
    person = models.UUIDField(_("person"), db_index=True)
    part = models.PositiveIntegerField(default=0)
    purpose = models.CharField(_("purpose"), max_length=64)
    subject = models.CharField(_("subject"), max_length=150, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=8, choices=RecipientState.choices, default=RecipientState.WAITING
    )
    reason = models.CharField(_("reason"), max_length=32)
    basis = models.CharField(_("legal basis"), max_length=32, blank=True, default="")
    failure = models.CharField(_("kind of failure"), max_length=32, blank=True, default="")
    at = models.DateTimeField(_("when"))
    lease = models.UUIDField(null=True, blank=True)
    """Of the worker who handed it over, or was about to."""

    class Meta:
        verbose_name = _("recipient of a campaign")
        verbose_name_plural = _("recipients of campaigns")
        constraints = [models.UniqueConstraint(fields=["campaign", "person"], name="rgpd_recipient_once")]
        indexes = [models.Index(fields=["campaign", "state", "part"], name="rgpd_recipient_part")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.person}"


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
