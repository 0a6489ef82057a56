"""Campaigns: everybody whom the rule allows gets it once, whoever leaves meanwhile gets none, and staff can hold it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_rgpd import signals
from django_rgpd.consent import decisions, state
from django_rgpd.core import addresses
from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.export.collect import write
from django_rgpd.export.models import Document
from django_rgpd.ledger.replay import Report
from django_rgpd.marketing import campaigns, mailing, trial
from django_rgpd.marketing.models import Campaign, CampaignRecipient
from django_rgpd.marketing.reporting import report, stuck
from django_rgpd.outbox import door
from django_rgpd.outbox.models import Job
from django_rgpd.policy import Controller, Policy
from django_rgpd.registry import people
from django_rgpd.registry.models import Person, Suppression
from django_rgpd.retention.sweep import sweep
from example_shop.accounts.models import User
from example_shop.config.policy import policy as shop_policy
from example_shop.factories import UserFactory

from .campaigning import BUILDING, TEXTS, drafted, run, states
from .conftest import fingerprint, link_in

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
HOUR = timedelta(hours=1)

WITHOUT = Policy(
    version=shop_policy.version,
    controller=Controller(name="Ribambelle"),
    purposes=[one for one in shop_policy.purposes if one.key != "newsletter"],
)


@pytest.fixture
def readers(make_person: Callable[..., Person], today: datetime) -> list[Person]:
    """Three who agreed to the newsletter; the second reads French, the third a language without a text."""
    found = []
    for number, language in enumerate(("en", "fr", "de")):
        person = make_person(f"reader{number}@example.com")
        Person.objects.filter(pk=person.pk).update(language=language)
        decisions.give(person, *NEWS, how="account", now=today - HOUR)
        found.append(person)
    return found


@pytest.fixture
def marketer(db: None) -> User:
    """Somebody of the staff who may send."""
    user = UserFactory(email="marketer@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="send_campaign"))
    return User.objects.get(pk=user.pk)


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
@pytest.mark.promise("P14")
def test_everybody_who_agreed_gets_it_once_in_her_language_with_a_way_out(
    readers: list[Person], make_person: Callable, today: datetime, client: Client, marketer: User
) -> None:
    make_person("stranger@example.com")
    campaign = drafted(today)
    campaigns.start(campaign, now=today, by=marketer)
    run(today)
    run(today + HOUR)
    got = {one.to[0]: one for one in mail.outbox}
    assert len(mail.outbox) == len(got) == 3
    assert [got[f"reader{number}@example.com"].subject for number in range(3)] == [
        "Lanterns are back", "Les lampions sont là", "Lanterns are back",
    ]  # fmt: skip
    message = got["reader1@example.com"]
    assert message.metadata == {"rgpd": str(campaign.uuid), "rgpd_purpose": "newsletter"}
    path = link_in(message, "/leave/")
    assert path in message.alternatives[0][0]
    assert "Se désinscrire" in message.alternatives[0][0]
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not state.live(readers[1], *NEWS)
    assert state.live(readers[0], *NEWS)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.started_by) == ("done", str(marketer.pk))
    row = CampaignRecipient.objects.get(person=readers[1].uuid)
    assert (row.state, row.reason, row.basis, row.subject) == (
        "sent", "consent", "consent", "Les lampions sont là",
    )  # fmt: skip
    assert report(campaign).left_since == 1


@pytest.mark.fault("R01")
def test_two_clicks_on_send_start_it_once(readers: list[Person], today: datetime) -> None:
    campaign = drafted(today)
    stale = Campaign.objects.get(pk=campaign.pk)
    campaigns.start(campaign, now=today)
    with pytest.raises(Refused, match="started already"):
        campaigns.start(stale, now=today)
    run(today)
    assert len(mail.outbox) == 3


@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_who_leaves_after_the_list_was_written_gets_none_and_is_counted_with_her_reason(
    readers: list[Person], today: datetime
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    assert CampaignRecipient.objects.filter(state="waiting").count() == 3
    decisions.leave(readers[0], *NEWS, how="link", now=today)
    run(today)
    assert sorted(one.to[0] for one in mail.outbox) == ["reader1@example.com", "reader2@example.com"]
    assert states(campaign) == {("sent", ""): 2, ("dropped", "refused"): 1}
    assert [(one.number, one.words) for one in report(campaign).dropped] == [
        (1, "The person withdrew or objected.")
    ]


@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_who_leaves_after_her_address_was_read_gets_none_either(
    readers: list[Person], today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark asks again: what was read for the whole page is not trusted."""
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    real = mailing.handing.hand_over

    def hand_over(message: mail.EmailMessage, connection: BaseEmailBackend) -> mailing.handing.Outcome:
        if not mail.outbox:
            for person in readers[1:]:
                decisions.leave(person, *NEWS, how="link", now=today)
        return real(message, connection)

    monkeypatch.setattr(mailing.handing, "hand_over", hand_over)
    run(today)
    assert len(mail.outbox) == 1
    assert states(campaign) == {("sent", ""): 1, ("dropped", "refused"): 2}


@pytest.mark.fault("R09")
@pytest.mark.promise("P14")
@pytest.mark.parametrize("key", [("", ""), ("newsletter", ""), ("", "email"), ("offers", "email")])
def test_the_list_itself_is_read_where_her_row_does_not_know_of_a_suppression(
    readers: list[Person], today: datetime, mailoutbox: list[mail.EmailMessage], key: tuple[str, str]
) -> None:
    digest = addresses.digest("email", "reader0@example.com")
    # As two transactions leave it that did not see each other: one lists the address, the other one writes her row.
    Suppression.objects.create(
        digest=digest.hex,
        key_id=digest.key_id,
        reason="objected",
        since=today,
        purpose=key[0],
        channel=key[1],
    )
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    got = {to for one in mailoutbox for to in one.to}
    if key[0] == "offers":
        assert "reader0@example.com" in got
    else:
        assert got == {"reader1@example.com", "reader2@example.com"}
        assert states(campaign)["dropped", "suppressed"] == 1


def test_it_goes_to_the_address_of_the_moment_it_leaves(readers: list[Person], today: datetime) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    new = people.note("email", "new@example.com", person=readers[0], now=today)
    people.prove(new, how="click", now=today)
    run(today)
    assert "new@example.com" in {one.to[0] for one in mail.outbox}
    assert len(mail.outbox) == 3


def test_a_paused_campaign_goes_on_where_it_was_and_a_stopped_one_never(
    readers: list[Person], today: datetime
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    campaigns.pause(campaign, now=today)
    run(today)
    assert mail.outbox == []
    campaigns.resume(campaign, now=today)
    run(today)
    assert len(mail.outbox) == 3
    other = drafted(today)
    campaigns.start(other, now=today)
    run(today, BUILDING)
    campaigns.stop(other, now=today)
    run(today)
    assert len(mail.outbox) == 3
    assert states(other) == {("dropped", "stopped"): 3}
    with pytest.raises(Refused, match="not paused"):
        campaigns.resume(other, now=today)
    assert other.state == "stopped"


def test_a_campaign_paused_in_the_middle_of_a_range_stops_there(
    readers: list[Person], today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    real = mailing.handing.hand_over

    def hand_over(message: mail.EmailMessage, connection: BaseEmailBackend) -> mailing.handing.Outcome:
        campaigns.pause(Campaign.objects.get(), now=today)
        return real(message, connection)

    monkeypatch.setattr(mailing.handing, "hand_over", hand_over)
    run(today)
    assert len(mail.outbox) == 1
    assert states(campaign) == {("sent", ""): 1, ("waiting", ""): 2}


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "stop"])
def test_who_may_not_send_changes_nothing(readers: list[Person], today: datetime, verb: str) -> None:
    writer = UserFactory(is_staff=True)
    writer.user_permissions.set(Permission.objects.filter(codename__endswith="_campaign").exclude(
        codename="send_campaign"
    ))  # fmt: skip
    campaign = drafted(today)
    before = fingerprint()
    with pytest.raises(PermissionDenied):
        getattr(campaigns, verb)(campaign, now=today, by=User.objects.get(pk=writer.pk))
    assert fingerprint() == before


def test_nothing_is_started_while_the_door_is_shut(
    readers: list[Person], today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_watches", [lambda: "An older dump."])
    with pytest.raises(Refused, match="An older dump"):
        campaigns.start(drafted(today), now=today)
    assert not Job.objects.exists()


def test_a_purpose_that_the_policy_names_no_more_pauses_it_with_words(
    readers: list[Person], today: datetime, settings
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    settings.RGPD = {**settings.RGPD, "POLICY": f"{__name__}.WITHOUT"}
    run(today)
    assert mail.outbox == []
    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert "no such marketing purpose" in campaign.note
    (said,) = stuck(now=today)
    assert "November" in said
    with pytest.raises(Refused):
        campaigns.resume(campaign, now=today)


@pytest.mark.fault("C03")
def test_a_message_whose_worker_was_killed_is_never_sent_again(
    readers: list[Person], today: datetime
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    CampaignRecipient.objects.filter(person=readers[0].uuid).update(state="handing", lease=uuid4())
    run(today)
    assert sorted(one.to[0] for one in mail.outbox) == ["reader1@example.com", "reader2@example.com"]
    campaign.refresh_from_db()
    assert campaign.state == "done"
    assert states(campaign) == {("sent", ""): 2, ("unknown", "killed"): 1}
    assert "ended before" in report(campaign).unknown[0].words


def test_a_message_in_the_hands_of_a_living_worker_is_left_to_it(
    readers: list[Person], today: datetime
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    alive = Job.objects.create(
        name="marketing.campaign.part", state="running", lease=uuid4(), created_at=today, run_at=today,
        leased_until=today + HOUR,
    )  # fmt: skip
    CampaignRecipient.objects.filter(person=readers[0].uuid).update(state="handing", lease=alive.lease)
    run(today)
    campaign.refresh_from_db()
    assert campaign.state == "sending"
    assert states(campaign) == {("sent", ""): 2, ("handing", ""): 1}


@pytest.mark.fault("C02")
def test_a_restored_dump_pauses_what_was_under_way(readers: list[Person], today: datetime) -> None:
    """Who was mailed since the dump seems to wait in it."""
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    report = Report()
    signals.restored.send(sender=Campaign, at=today, report=report)
    assert report.done == ["Campaigns that wait for your decision, to resume or to stop: 1."]
    run(today)
    assert mail.outbox == []
    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert "older dump" in campaign.note


@pytest.mark.fault("M01")
@pytest.mark.fault("M03")
@pytest.mark.fault("M05")
@pytest.mark.parametrize(
    "bad", ["Hi\r\nBcc: all@example.com", "Hi\x00\u2028\u202e there", "<script>alert(1)</script>Hi"]
)
def test_what_a_marketer_writes_does_no_harm(readers: list[Person], today: datetime, bad: str) -> None:
    campaign = drafted(today, {"en": {"subject": bad, "text": bad, "html": f"<b>{bad}</b>"}})
    campaigns.start(campaign, now=today)
    run(today)
    for message in mail.outbox:
        assert message.recipients() == message.to
        assert not set(message.subject) & set("\r\n\x00\u2028\u202e")
        assert not set(str(message.body)) & set("\x00\u2028\u202e")
        html = message.alternatives[0][0]
        assert "<script" not in html
        assert "<b>" in html
    assert len(mail.outbox) == 3


@pytest.mark.fault("M07")
@pytest.mark.parametrize(
    "html",
    ["<p>Hi</p><!-- ", "<style>* {display: none}</style>Hi", "<textarea>", "<plaintext>", "<div hidden>Hi",
     "<div style='display: none; color: red'>Hi", "<iframe src='https://evil.invalid'></iframe>Hi",
     "<a href='javascript:alert(1)'>Hi</a>", "<img src=x onerror=alert(1)>Hi"],
)  # fmt: skip
def test_html_can_neither_run_nor_hide_the_way_out(readers: list[Person], today: datetime, html: str) -> None:
    campaign = drafted(today, {"en": {"subject": "Hi", "text": "Hi", "html": html}})
    campaigns.start(campaign, now=today)
    run(today)
    shown = mail.outbox[0].alternatives[0][0]
    for bad in (
        "<!-- ",
        "<style",
        "<textarea",
        "<plaintext",
        "display",
        "hidden",
        "<iframe",
        "javascript",
        "onerror",
    ):
        assert bad not in shown
    assert ">Unsubscribe</a>" in shown
    assert shown.count("<div") == shown.count("</div")


@pytest.mark.parametrize(
    "mark",
    ["{{ settings.SECRET_KEY }}", "{% load x %}", "*|FNAME|*", "[[name]]", "%%name%%", "{$name}", "${name}"],
)
def test_marks_that_nobody_fills_in_are_refused(today: datetime, mark: str) -> None:
    with pytest.raises(ValidationError, match="same text"):
        drafted(today, {"en": {"subject": "Hi", "text": f"Hello {mark}"}})
    with pytest.raises(ValidationError, match="same text"):
        drafted(today, {"en": {"subject": f"Hi {mark}", "text": "Hello"}})
    assert not Campaign.objects.exists()


def test_what_only_looks_like_a_mark_is_let_through(today: datetime) -> None:
    text = "20 %% off [today], {really}: $5 {and} more. See https://shop.example.com/a%20b?c=%C3%A9%25%25"
    assert drafted(today, {"en": {"subject": "Hi", "text": text}}).texts.get().text == text


@pytest.mark.parametrize("purpose", ["orders", "nothing"])
def test_only_marketing_by_email_can_be_a_campaign(today: datetime, purpose: str) -> None:
    with pytest.raises(Refused):
        drafted(today, purpose=purpose)
    assert not Campaign.objects.exists()


def test_a_test_goes_to_who_asks_and_its_link_changes_nothing(
    readers: list[Person], today: datetime, marketer: User, client: Client
) -> None:
    campaign = drafted(today)
    before = fingerprint()
    assert trial.send_test(campaign, by=marketer) == 2
    assert [one.to for one in mail.outbox] == [["marketer@example.com"]] * 2
    assert [one.subject for one in mail.outbox] == [
        "[Test] Lanterns are back",
        "[Essai] Les lampions sont là",
    ]
    message = mail.outbox[0]
    assert "List-Unsubscribe-Post" in message.extra_headers
    assert client.post(link_in(message, "/leave/"), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert fingerprint() == before


def test_who_may_do_nothing_sends_no_test(today: datetime) -> None:
    with pytest.raises(PermissionDenied):
        trial.send_test(drafted(today), by=UserFactory(is_staff=True))
    assert mail.outbox == []


@pytest.mark.promise("P18")
def test_an_export_says_which_mailings_she_got_and_why(readers: list[Person], today: datetime) -> None:
    campaigns.start(drafted(today), now=today)
    run(today)
    file = io.BytesIO()
    write(people.subject(readers[0]), Document.ACCESS, file, now=today)
    tables = {one["table"]: one for one in json.loads(file.getvalue())["tables"]}
    (row,) = tables["django_rgpd.CampaignRecipient"]["rows"]
    assert (row["subject"], row["reason"]) == ("Lanterns are back", "consent")


@pytest.mark.promise("P18")
def test_an_erasure_takes_her_rows_and_a_waiting_message(readers: list[Person], today: datetime) -> None:
    first = drafted(today)
    campaigns.start(first, now=today)
    run(today)
    second = drafted(today)
    campaigns.start(second, now=today)
    run(today, BUILDING)
    erase(Person.objects.get(pk=readers[0].pk), how="account", now=today)
    assert not CampaignRecipient.objects.filter(person=readers[0].uuid).exists()
    mail.outbox.clear()
    run(today)
    assert sorted(one.to[0] for one in mail.outbox) == ["reader1@example.com", "reader2@example.com"]
    first.refresh_from_db()
    assert report(first).total == 3


@pytest.mark.promise("P18")
def test_who_got_what_is_forgotten_after_a_year_and_the_counts_stay(
    readers: list[Person], today: datetime
) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    sweep(now=today + relativedelta(months=11))
    assert CampaignRecipient.objects.count() == 3
    sweep(now=today + relativedelta(years=1, days=1))
    assert not CampaignRecipient.objects.exists()
    campaign.refresh_from_db()
    assert report(campaign).states == {"sent": 3}


def test_a_guest_who_turns_out_to_be_known_brings_her_row_along(
    readers: list[Person], make_person: Callable, today: datetime
) -> None:
    campaigns.start(drafted(today), now=today)
    run(today, BUILDING)
    known = make_person("known@example.com")
    for guest in readers[:2]:
        signals.person_merged.send(sender=Person, person=known.uuid, merged=guest.uuid)
    assert CampaignRecipient.objects.filter(person=known.uuid).count() == 1
    assert CampaignRecipient.objects.filter(person=readers[1].uuid).count() == 1


def test_a_campaign_that_nobody_may_get_is_done_at_once(today: datetime) -> None:
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    campaign.refresh_from_db()
    assert campaign.state == "done"
    assert report(campaign).total == 0


def test_listeners_hear_of_each_change(readers: list[Person], today: datetime) -> None:
    heard = []

    def hear(*, campaign: object, state: str, **_: object) -> None:
        heard.append(state)

    signals.campaign_changed.connect(hear)
    try:
        campaign = drafted(today)
        campaigns.start(campaign, now=today)
        campaigns.pause(campaign, now=today)
        campaigns.resume(campaign, now=today)
        run(today)
    finally:
        signals.campaign_changed.disconnect(hear)
    assert heard == ["sending", "paused", "sending", "done"]


def test_a_message_costs_two_statements_whatever_the_number(make_person: Callable, today: datetime) -> None:
    def cost(number: int) -> int:
        for _ in range(number):
            decisions.give(make_person(f"{uuid4()}@example.com"), *NEWS, how="account", now=today - HOUR)
        campaign = drafted(today)
        campaigns.start(campaign, now=today)
        run(today, BUILDING)
        with CaptureQueriesContext(connection) as done:
            run(today)
        assert states(campaign)[("sent", "")] == CampaignRecipient.objects.filter(campaign=campaign).count()
        return len(done)

    few, many = cost(2), cost(10)
    # The mark, the note; once a second, or once a message where they are slow, who had her data restricted.
    assert 2 * 10 <= many - few <= 3 * 10


def test_an_anymail_backend_gets_the_campaign_as_metadata(
    readers: list[Person], today: datetime, settings
) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    settings.ANYMAIL = {}
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    assert {one.anymail_test_params["metadata"]["rgpd"] for one in mail.outbox} == {str(campaign.uuid)}
    assert TEXTS["en"]["subject"] in {one.subject for one in mail.outbox}
