"""The message of a campaign: rendered once a language and ground, then made out to one person after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from django_rgpd.consent.permission import CONSENT
from django_rgpd.core import mail
from django_rgpd.marketing import labels, links, markup
from django_rgpd.marketing.models import Campaign, CampaignText
from django_rgpd.marketing.send import seal
from django_rgpd.policy import current

TEMPLATE = "marketing/campaign"
NOBODY = UUID(int=0)
"""Stands in the rendered message until it is made out to somebody."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered message, with the links of nobody."""

    campaign: Campaign
    language: str
    subject: str
    text: str
    html: str
    sender: str
    samples: tuple[str, str]
    """The links of nobody, to be replaced."""

    def to(self, person: UUID, address: str) -> EmailMultiAlternatives:
        """The message to ``person`` at ``address``, with her way out in it and in its headers."""
        text, html = self.text, self.html
        for nobodys, hers in zip(self.samples, _links(self.campaign, person), strict=True):
            text, html = text.replace(nobodys, hers), html.replace(nobodys, hers)
        message = EmailMultiAlternatives(self.subject, text, self.sender, [mail.clean_header(address)])
        message.attach_alternative(html, "text/html")
        labels.label(message, mailing=self.campaign.uuid)
        seal(message, person=person, purpose=self.campaign.purpose, channel=self.campaign.channel)
        return message


def _links(campaign: Campaign, person: UUID) -> tuple[str, str]:
    """Where ``person`` leaves, and where she chooses."""
    leaving = links.unsubscribe_url(person, campaign.purpose, campaign.channel)
    return leaving, links.preferences_url(person)


class Letters:
    """The message of one campaign in all its languages."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._texts: Mapping[str, CampaignText] = {one.language: one for one in campaign.texts.all()}
        self._rendered: dict[tuple[str, str], Letter] = {}

    @property
    def languages(self) -> list[str]:
        """The languages in which there is a text, the site's first."""
        return sorted(self._texts, key=lambda code: (code != settings.LANGUAGE_CODE, code))

    def of(self, language: str, reason: str = CONSENT) -> Letter:
        """The message for who reads ``language`` and gets it for ``reason``.

        Raises ``LookupError`` for a campaign without a text.
        """
        chosen = self._chosen(language)
        key = (chosen.language, reason)
        if key not in self._rendered:
            self._rendered[key] = self._render(chosen, reason)
        return self._rendered[key]

    def _chosen(self, language: str) -> CampaignText:
        general = language.partition("-")[0]
        for code in (language, general, settings.LANGUAGE_CODE, *self.languages):
            if code in self._texts:
                return self._texts[code]
        msg = "The campaign has no text."
        raise LookupError(msg)

    def _render(self, text: CampaignText, reason: str) -> Letter:
        campaign, policy = self._campaign, current()
        leaving, choosing = samples = _links(campaign, NOBODY)
        message = mail.message(
            TEMPLATE,
            {
                "subject": text.subject,
                "text": text.text,
                "html": markup.cleaned(text.html) if text.html.strip() else "",
                "purpose": policy.purpose(campaign.purpose),
                "controller": policy.controller,
                "reason": reason,
                "unsubscribe_url": leaving,
                "preferences_url": choosing,
            },
            to="",
            language=text.language,
        )
        html = str(message.alternatives[0][0])
        return Letter(
            campaign,
            text.language,
            str(message.subject),
            str(message.body),
            html,
            message.from_email,
            samples,
        )
