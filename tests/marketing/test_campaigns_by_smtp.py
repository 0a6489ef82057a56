"""Campaigns and a real mail server: what it refuses, puts off, or never answers."""

from __future__ import annotations

import smtplib
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from django_rgpd.consent import decisions
from django_rgpd.core.errors import Misconfigured
from django_rgpd.marketing import campaigns, handing
from django_rgpd.outbox.models import Job

from .campaigning import Server, drafted, mail_server, run, states

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
EVERYBODY = [f"reader{number}@example.com" for number in range(4)]


@pytest.fixture
def server(settings) -> Iterator[Server]:
    """A mail server that listens."""
    with mail_server(settings) as found:
        yield found


@pytest.fixture
def readers(make_person: Callable, today: datetime) -> None:
    """Four who agreed."""
    for address in EVERYBODY:
        decisions.give(make_person(address), "newsletter", "email", how="account", now=today - HOUR)


def _later(today: datetime, server: Server) -> None:
    """The following hours, in which what waits is tried again."""
    for hours in range(1, 40):
        run(today + hours * 6 * HOUR)


def test_a_range_is_sent_over_one_connection(readers: None, server: Server, today: datetime) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    run(today)
    assert sorted(server.got) == EVERYBODY
    assert server.calls == 1
    assert all("List-Unsubscribe-Post" in one for one in server.heard)


def test_a_refused_recipient_is_named_by_kind_and_the_others_get_it(
    readers: None, server: Server, today: datetime
) -> None:
    server.answers[EVERYBODY[1]] = "550 no such user"
    server.at_the_end[EVERYBODY[2]] = "554 spam"
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    run(today)
    assert sorted(server.got) == [EVERYBODY[0], EVERYBODY[3]]
    assert states(campaign) == {
        ("sent", ""): 2, ("failed", "recipient_refused"): 1, ("failed", "message_refused"): 1,
    }  # fmt: skip
    campaign.refresh_from_db()
    assert campaign.state == "done"


@pytest.mark.fault("C07")
def test_who_is_put_off_gets_it_later_and_the_others_now(
    readers: None, server: Server, today: datetime
) -> None:
    server.answers[EVERYBODY[1]] = "451 greylisted"
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    run(today)
    assert states(campaign) == {("sent", ""): 3, ("waiting", ""): 1}
    del server.answers[EVERYBODY[1]]
    run(today + HOUR)
    assert sorted(server.got) == EVERYBODY
    assert states(campaign) == {("sent", ""): 4}


@pytest.mark.fault("C07")
def test_who_is_put_off_for_ever_has_failed_in_the_end(
    readers: None, server: Server, today: datetime
) -> None:
    server.answers[EVERYBODY[1]] = "451 greylisted"
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    _later(today, server)
    campaign.refresh_from_db()
    assert campaign.state == "done"
    assert states(campaign) == {("sent", ""): 3, ("failed", "put_off"): 1}


@pytest.mark.fault("C07")
def test_a_mail_server_that_is_down_loses_nobody(
    readers: None, server: Server, today: datetime, settings
) -> None:
    there = settings.EMAIL_PORT
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = unused.getsockname()[1]
        campaign = drafted(today)
        campaigns.start(campaign, now=today)
        run(today)
        run(today)
    assert states(campaign) == {("waiting", ""): 4}
    assert {job.state for job in Job.objects.filter(name="marketing.campaign.part")} == {"waiting"}
    settings.EMAIL_PORT = there
    run(today + HOUR)
    assert sorted(server.got) == EVERYBODY


@pytest.mark.fault("C07")
def test_a_mail_server_that_hangs_up_before_the_message_loses_nobody(
    readers: None, server: Server, today: datetime
) -> None:
    server.hangs_up_before.add(EVERYBODY[2])
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    run(today)
    assert states(campaign) == {("sent", ""): 2, ("waiting", ""): 2}
    run(today + HOUR)
    assert sorted(server.got) == EVERYBODY
    assert states(campaign) == {("sent", ""): 4}


@pytest.mark.fault("C03")
def test_a_mail_server_that_hangs_up_after_the_message_leaves_one_in_doubt(
    readers: None, server: Server, today: datetime
) -> None:
    """It had taken the message, but that we cannot know: a second copy would be one too many."""
    server.at_the_end[EVERYBODY[1]] = "hang up"
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    run(today + HOUR)
    run(today + 2 * HOUR)
    assert Counter(server.got) == dict.fromkeys(EVERYBODY, 1)
    assert states(campaign) == {("sent", ""): 3, ("unknown", "broken"): 1}
    campaign.refresh_from_db()
    assert campaign.state == "done"


class Vendor(Exception):
    """As a vendor's client raises."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(
    ("error", "state", "failure", "over"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (421, b"")}), "waiting", "", True),
        (smtplib.SMTPSenderRefused(550, b"", "s"), "waiting", "", True),
        (smtplib.SMTPDataError(451, b""), "waiting", "", True),
        (smtplib.SMTPAuthenticationError(535, b""), "waiting", "", True),
        (smtplib.SMTPServerDisconnected(""), "unknown", "broken", True),
        (TimeoutError(), "unknown", "broken", True),
        (RuntimeError(), "unknown", "broken", True),
        (Misconfigured(""), "waiting", "", True),
        (UnicodeEncodeError("ascii", "é", 0, 1, ""), "failed", "unsendable", False),
        (Vendor(429), "waiting", "", True),
        (Vendor(422), "failed", "message_refused", False),
        (Vendor(500), "unknown", "broken", True),
    ],
)
def test_what_an_error_means(error: Exception, state: str, failure: str, over: bool) -> None:
    assert handing.outcome(error) == handing.Outcome(state, failure, over)
