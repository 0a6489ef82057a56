"""Marketing by a real mail server: what it receives can be read back, header by header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage as Parsed
from email.policy import default

import django
import pytest
from django.core.mail import EmailMultiAlternatives

from django_rgpd.core import mail
from django_rgpd.marketing import backend, checks, classes, links
from django_rgpd.registry.models import Person

controller = pytest.importorskip("aiosmtpd.controller")

pytestmark = pytest.mark.django_db


class Inbox:
    """Takes every mail, but none for Bea."""

    def __init__(self) -> None:
        self.kept: list[tuple[list[str], bytes]] = []

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address == "bea@example.com":
            return "550 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        self.kept.append((list(envelope.rcpt_tos), bytes(envelope.original_content)))
        return "250 OK"


class Server(controller.Controller):
    """On whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox(settings, asking: Callable[..., None]) -> Iterator[Inbox]:
    inbox = Inbox()
    server = Server(inbox, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port
    long = "https://" + "very-long-name-of-a-shop." * 8 + "example.com"
    asking("django.core.mail.backends.smtp.EmailBackend", BASE_URL=long)
    yield inbox
    server.stop()


@pytest.mark.promise("P11")
@pytest.mark.fault("L12")
@pytest.mark.fault("M01")
def test_each_reader_receives_headers_that_read_back_exactly(
    inbox: Inbox, subscribe: Callable[[str], Person]
) -> None:
    people = {f"{name}@example.com": subscribe(f"{name}@example.com") for name in ("ada", "bea", "cyd")}
    message = EmailMultiAlternatives(
        "Lanternes – été\n!",
        "Lanternes.",
        to=["Zoé\n <ada@example.com>", "bea@example.com", "cyd@example.com"],
    )
    message.attach_alternative("<html><body>Lanternes</body></html>", "text/html")
    assert classes.marketing(message, "newsletter").send() == 2
    assert classes.outcome(message).dropped == {"not_accepted": 1}
    assert [to for to, _raw in inbox.kept] == [["ada@example.com"], ["cyd@example.com"]]
    for (address,), raw in inbox.kept:
        assert max(len(line) for line in raw.splitlines()) <= 998
        parsed = message_from_bytes(raw, policy=default)
        assert isinstance(parsed, Parsed)
        assert parsed.defects == []
        url = links.unsubscribe_url(people[address].uuid, "newsletter", "email")
        assert [value.strip() for value in parsed.get_all("List-Unsubscribe")] == [
            f"<{url}>, <mailto:privacy@example.com?subject=unsubscribe%20newsletter>"
        ]
        assert parsed.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
        assert len(parsed.get_all("List-Id")) == 1
        assert parsed["Subject"] == "Lanternes – été !"
        assert parsed["DKIM-Signature"] is None  # signing is the mail server's, over both headers
        plain, page = parsed.get_body(["plain"]), parsed.get_body(["html"])
        assert url in plain.get_content()
        assert f'href="{url}"' in page.get_content()
    assert inbox.kept[0][1].count(b"Message-ID") == 1


def test_a_server_that_does_not_answer_is_heard_of(
    inbox: Inbox, settings, subscribe: Callable[[str], Person]
) -> None:
    subscribe("ada@example.com")

    def letter() -> EmailMultiAlternatives:
        return classes.marketing(EmailMultiAlternatives("Hi", "Hi", to=["ada@example.com"]), "newsletter")

    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    with pytest.raises(OSError, match="refused"):
        letter().send()
    assert backend.EmailBackend(fail_silently=True).send_messages([letter()]) == 0
    settings.EMAIL_PORT = port
    assert letter().send() == 1


@pytest.mark.skipif(django.VERSION < (6, 1), reason="MAILERS came with Django 6.1")
def test_the_server_may_be_named_in_mailers(
    inbox: Inbox, settings, subscribe: Callable[[str], Person]
) -> None:
    subscribe("ada@example.com")
    server = {"host": settings.EMAIL_HOST, "port": settings.EMAIL_PORT}
    settings.MAILERS = {"default": {"BACKEND": backend.PATH, "OPTIONS": server}}
    message = EmailMultiAlternatives("Hi", "Hi", to=["ada@example.com", "eve@example.com"])
    assert classes.marketing(message, "newsletter").send() == 1
    with mail.connection() as connection:
        again = EmailMultiAlternatives("Again", "Again", to=["ada@example.com", "eve@example.com"])
        assert connection.send_messages([classes.marketing(again, "newsletter")]) == 1
    assert [to for to, _raw in inbox.kept] == [["ada@example.com"]] * 2
    assert checks.check_mail_is_asked_about(app_configs=None) == []
