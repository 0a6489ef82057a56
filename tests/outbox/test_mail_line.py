"""The mails of a run share a connection, and none of them is lost or doubled by it."""

from __future__ import annotations

import smtplib

import pytest
from django.core.mail.backends.smtp import EmailBackend

from django_rgpd.core import mail_line
from django_rgpd.outbox import deliver, mail
from django_rgpd.outbox.models import Job
from tests.marketing.campaigning import Server, mail_server

pytestmark = pytest.mark.django_db

TEMPLATES = {"django_rgpd/test/mail/hello.subject.txt": "Hello", "django_rgpd/test/mail/hello.txt": "Hello."}
READERS = [f"reader{number}@example.com" for number in range(5)]


@pytest.fixture
def server(settings):
    """A mail server that listens."""
    loaders = [("django.template.loaders.locmem.Loader", TEMPLATES)]
    backend = "django.template.backends.django.DjangoTemplates"
    settings.TEMPLATES = [{"BACKEND": backend, "OPTIONS": {"loaders": loaders}}]
    with mail_server(settings) as found:
        yield found


@pytest.fixture
def waiting(now):
    """A mail to each reader waits."""
    for one in READERS:
        mail.send("test/hello", to=one, context={}, now=now)


def states():
    return [job.state for job in Job.objects.order_by("pk")]


def test_the_mails_of_a_run_share_a_connection_and_the_next_run_has_its_own(
    server: Server, waiting, now
) -> None:
    deliver.run_due(now=now)
    assert server.got == READERS
    assert server.calls == 1
    mail.send("test/hello", to="late@example.com", context={}, now=now)
    deliver.run_due(now=now)
    assert server.calls == 2


def test_a_connection_takes_no_more_mails_than_servers_bear(
    server: Server, waiting, now, monkeypatch
) -> None:
    monkeypatch.setattr(mail_line, "MOST", 2)
    deliver.run_due(now=now)
    assert server.got == READERS
    assert server.calls == 3


def test_a_connection_that_was_silent_is_not_used_again(server: Server, waiting, now, monkeypatch) -> None:
    monkeypatch.setattr(mail_line, "IDLE", -1.0)
    deliver.run_due(now=now)
    assert server.got == READERS
    assert server.calls == 5


@pytest.mark.fault("C05")
def test_a_server_that_hung_up_is_called_again_at_once(server: Server, waiting, now) -> None:
    server.hangs_up_before = {READERS[2]}
    assert deliver.run_due(now=now).counts == {"done": 5}
    assert server.got == READERS
    assert server.calls == 2


@pytest.mark.fault("C05")
def test_who_may_have_got_it_is_not_mailed_again_at_once(server: Server, waiting, now) -> None:
    server.at_the_end[READERS[2]] = "hang up"
    assert deliver.run_due(now=now).counts == {"done": 4, "failed": 1}
    assert server.got == READERS
    assert states() == ["done", "done", "waiting", "done", "done"]


@pytest.mark.fault("C05")
def test_a_refused_reader_keeps_nobody_else_from_his_mail(server: Server, waiting, now) -> None:
    server.answers[READERS[1]] = "550 no such user"
    assert deliver.run_due(now=now).counts == {"done": 4, "failed": 1}
    assert server.got == [one for one in READERS if one != READERS[1]]


def test_a_backend_that_cannot_hang_up_spoils_nothing(server: Server, waiting, now, monkeypatch) -> None:
    hang_up = EmailBackend.close

    def refuse(self: EmailBackend) -> None:
        hang_up(self)
        raise smtplib.SMTPException

    monkeypatch.setattr(EmailBackend, "close", refuse)
    assert deliver.run_due(now=now).counts == {"done": 5}
