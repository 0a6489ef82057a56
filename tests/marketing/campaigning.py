"""A campaign to try things with, and a mail server of one's own that answers as it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from django_rgpd.marketing import campaigns
from django_rgpd.marketing.models import Campaign, CampaignRecipient
from django_rgpd.outbox import deliver

from .counting_server import Listening

TEXTS = {
    "en": {"subject": "Lanterns are back", "text": "Hello!\nSee https://shop.example.com/lanterns."},
    "fr": {"subject": "Les lampions sont là", "text": "Bonjour !"},
}
BUILDING = frozenset({"marketing.campaign"})
SENDING = frozenset({"marketing.campaign.part"})


def drafted(now: datetime, texts: Any = TEXTS, **more: Any) -> Campaign:
    """A campaign of the newsletter."""
    return campaigns.draft("November", more.pop("purpose", "newsletter"), texts, now=now, **more)


def run(now: datetime, names: frozenset[str] | None = None) -> deliver.Summary:
    """Let the outbox work on campaigns."""
    # A minute later: the jobs of a range are written while the list is.
    later = now if names == BUILDING else now + timedelta(minutes=1)
    return deliver.run_due(now=later, names=names or BUILDING | SENDING)


def states(campaign: Campaign) -> Counter[tuple[str, str]]:
    """How many recipients are where, and why."""
    rows = CampaignRecipient.objects.filter(campaign=campaign)
    return Counter((row.state, row.reason if row.state == "dropped" else row.failure) for row in rows)


class Server:
    """A mail server: what it got, how often it was called, and what it answers to whom."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.calls = 0
        self.answers: dict[str, str] = {}
        self.at_the_end: dict[str, str] = {}
        self.hangs_up_before: set[str] = set()
        self.heard: list[str] = []

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """A new caller."""
        self.calls += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """As told; 250 otherwise."""
        if address in self.hangs_up_before:
            self.hangs_up_before.remove(address)
            server.transport.close()
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take it."""
        (to,) = envelope.rcpt_tos
        if self.at_the_end.get(to) == "hang up":
            self.got.append(to)
            del self.at_the_end[to]
            server.transport.close()
        elif to in self.at_the_end:
            return self.at_the_end[to]
        else:
            self.got.append(to)
            assert isinstance(envelope.content, bytes)
            self.heard.append(message_from_bytes(envelope.content).as_string())
        return "250 OK"


@contextmanager
def mail_server(settings: Any) -> Iterator[Server]:
    """A mail server of this machine, which the shop hands its mails to."""
    server = Server()
    controller = Listening(server, hostname="127.0.0.1", port=0)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    server.calls = 0
    try:
        yield server
    finally:
        controller.stop()
