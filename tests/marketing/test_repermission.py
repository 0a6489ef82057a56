"""Asking again before a marketing term ends: once, in time, and silence ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_rgpd import signals
from django_rgpd.consent import decisions, expiring, kinds, rebuild, state, wordings
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.consent.receivers import expire
from django_rgpd.core import clock, links
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import ends, going_on, repermission
from django_rgpd.marketing.preferences import TextChanged
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import COLUMN, Consent, Purpose, Term, current, days, months, years
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import OrderFactory, UserFactory

from .conftest import fingerprint, link_in

pytestmark = pytest.mark.django_db
OFFERS = ("offers", "email")
START = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""Three years later, on 10 March 2029, offers end; from 9 January 2029 on people are asked."""
ASKED = datetime(2029, 1, 9, 3, tzinfo=UTC)
END = datetime(2029, 3, 9, 23, tzinfo=UTC)
"""Midnight in Paris."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Lets the pages read another clock."""

    def be(instant: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    return be


@pytest.fixture
def policy_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Purpose]:
    """Changes one purpose of the shop's policy."""

    def change(key: str, **fields: object) -> Purpose:
        policy = current()
        changed = replace(policy.purpose(key), **fields)
        purposes = [changed if one.key == key else one for one in policy.purposes]
        made = replace(policy, purposes=purposes)
        for place in ("consent.deciding", "consent.permission", "consent.state", "marketing.ends"):
            monkeypatch.setattr(f"django_rgpd.{place}.current", lambda: made)
        for place in ("marketing.going_on", "marketing.send", "marketing.repermission"):
            monkeypatch.setattr(f"django_rgpd.{place}.current", lambda: made)
        return changed

    return change


def known(email: str = "ada@example.com", *, when: datetime = START, language: str = "en") -> Person:
    address = people.prove(people.note("email", email, now=when), how="click", now=when)
    person = Person.objects.get(pk=address.person_id)
    person.language = language
    person.save()
    return person


def agreed(email: str = "ada@example.com", *, when: datetime = START, language: str = "en") -> Person:
    person = known(email, when=when, language=language)
    decisions.give(person, *OFFERS, how="account", now=when)
    return person


def night(now: datetime) -> list[mail.EmailMultiAlternatives]:
    """The duty of one night, and the mails that leave then."""
    before = len(mail.outbox)
    ends.end(now=now)
    repermission.ask(now=now)
    deliver.run_due(now=now)
    return mail.outbox[before:]


def path_of(message: mail.EmailMultiAlternatives) -> str:
    return link_in(message, "/go-on/")


def press(client: Client, message: mail.EmailMultiAlternatives) -> object:
    """Press the button of the page, as a browser that kept no cookie."""
    shown = wordings.reference_of(wordings.current("offers", "en"))
    return client.post(path_of(message), {"text": shown, "go_on": "1"})


@pytest.mark.promise("P15")
@pytest.mark.parametrize(
    ("start", "first", "last"),
    [
        (START, "2029-01-09", "2029-03-10"),
        (datetime(2024, 2, 29, 12, tzinfo=UTC), "2026-12-30", "2027-02-28"),  # no 29 February then
        (datetime(2026, 3, 9, 23, 30, tzinfo=UTC), "2029-01-09", "2029-03-10"),  # 10 March in Paris
        (datetime(2025, 12, 31, 22, 59, tzinfo=UTC), "2028-11-01", "2028-12-31"),
        (datetime(2025, 12, 31, 23, 0, tzinfo=UTC), "2028-11-02", "2029-01-01"),
    ],
)
def test_people_are_asked_from_the_day_on_that_the_policy_says(
    start: datetime, first: str, last: str
) -> None:
    person = agreed(when=start)
    noon = datetime.fromisoformat(first).replace(hour=12, tzinfo=UTC)
    assert night(noon - timedelta(days=1)) == []
    (message,) = night(noon)
    assert message.to == ["ada@example.com"]
    event = Event.objects.get(kind=kinds.ASKED_AGAIN)
    assert event.payload["end"] == last
    over = datetime.fromisoformat(last).replace(tzinfo=clock.legal_zone())
    assert decisions.may_send(person, *OFFERS, now=over - timedelta(seconds=1))
    assert not decisions.may_send(person, *OFFERS, now=over)


@pytest.mark.promise("P24")
def test_silence_ends_it_on_that_day_and_nobody_is_asked_twice() -> None:
    person = agreed()
    assert len(night(ASKED)) == 1
    for later in (timedelta(0), timedelta(days=1), timedelta(days=30), timedelta(days=59)):
        assert night(ASKED + later) == []
    assert state.live(person, *OFFERS)
    assert not decisions.may_send(person, *OFFERS, now=END)
    assert night(END) == []
    row = state.rows(person)[OFFERS]
    assert (row.standing, row.address) == (Standing.EXPIRED, None)
    assert Event.objects.get(kind=kinds.EXPIRED).how == "term"
    assert night(END + timedelta(days=400)) == []
    assert Event.objects.filter(kind=kinds.EXPIRED).count() == 1


@pytest.mark.promise("P15")
def test_a_click_goes_on_counts_as_contact_and_is_asked_about_before_its_own_end_only(
    client: Client, at: Callable
) -> None:
    person = agreed()
    (message,) = night(ASKED)
    clicked = ASKED + timedelta(days=3)
    at(clicked)
    page = client.get(path_of(message)).content.decode()
    assert "Shall we go on" in page
    assert "March 10, 2029" in page
    assert not Event.objects.filter(kind=kinds.RENEWED).exists()
    assert "goes on" in press(client, message).content.decode()  # type: ignore[attr-defined]
    assert "goes on" in press(client, message).content.decode()  # type: ignore[attr-defined]
    renewed = Event.objects.get(kind=kinds.RENEWED)
    assert renewed.payload["wording"] == str(wordings.current("offers", "en").uuid)
    assert renewed.how == "go_on"
    person.refresh_from_db()
    assert person.last_contact == clicked
    assert night(END + timedelta(days=1)) == []
    assert decisions.may_send(person, *OFFERS, now=clicked + relativedelta(years=3, days=-1))
    assert night(clicked + relativedelta(years=3) - timedelta(days=61)) == []
    assert len(night(clicked + relativedelta(years=3) - timedelta(days=60))) == 1
    assert Event.objects.filter(kind=kinds.ASKED_AGAIN).count() == 2


@pytest.mark.fault("L01")
def test_a_scanner_goes_on_with_nothing(client: Client, at: Callable) -> None:
    agreed()
    (message,) = night(ASKED)
    at(ASKED + timedelta(days=1))
    before = fingerprint()
    for method in ("get", "head", "options"):
        response = getattr(client, method)(path_of(message))
        assert response.status_code in {200, 405}
        assert response["Cache-Control"] == "private, no-store, max-age=0"
    assert fingerprint() == before


def test_a_customer_without_a_consent_gives_one_by_going_on(client: Client, at: Callable) -> None:
    user = UserFactory(email="ada@example.com")
    person = people.person_of(user, now=START)
    people.prove(people.note("email", user.email, person=person, now=START), how="click", now=START)
    OrderFactory(customer=user, placed_at=START, paid_at=START)
    for channel in ("email", "sms"):
        decisions.inform(person, "offers", channel, how="checkout", now=START)
    (message,) = night(ASKED)
    assert "as our customer" in str(message.body)
    at(ASKED)
    press(client, message)
    row = state.rows(person)[OFFERS]
    assert row.live
    assert row.wording is not None
    assert state.rows(person)[("offers", "sms")].standing == Standing.INFORMED, "she has no phone"
    assert decisions.may_send(person, *OFFERS, now=END + timedelta(days=1)).reason == "consent"


@pytest.mark.promise("P22")
def test_a_consent_until_withdrawn_is_never_asked_about() -> None:
    person = known()
    decisions.give(person, "newsletter", "email", how="account", now=START)
    assert night(START + relativedelta(years=20)) == []
    assert state.live(person, "newsletter", "email")


def test_a_consent_with_an_end_of_its_own_is_asked_about_and_renewed(
    client: Client, at: Callable, policy_with: Callable
) -> None:
    policy_with("offers", bases=[Consent()], clock=COLUMN, term=months(13))
    person = agreed()
    assert night(datetime(2027, 2, 8, 12, tzinfo=UTC)) == []
    (message,) = night(datetime(2027, 2, 9, 12, tzinfo=UTC))  # 10 April 2027 less 60 days
    at(datetime(2027, 2, 10, 12, tzinfo=UTC))
    press(client, message)
    row = state.rows(person)[OFFERS]
    assert row.expires_at is not None
    assert clock.legal_day(row.expires_at).isoformat() == "2028-03-10"
    assert night(datetime(2027, 4, 11, 12, tzinfo=UTC)) == []


def test_the_mail_leaves_by_the_door_in_her_language() -> None:
    agreed(language="fr")
    (message,) = night(ASKED)
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/leave/offers/email/" in message.extra_headers["List-Unsubscribe"]
    html = str(message.alternatives[0][0])
    assert 'lang="fr"' in html
    assert "/go-on/" in html
    assert "ada@" not in message.body + html


def _no(person: Person, now: datetime) -> None:
    decisions.refuse_all(person, how="link", now=now)


def _gone(person: Person, now: datetime) -> None:
    erase(person, how="account", now=now)


def _there(person: Person, now: datetime) -> None:
    people.contact(person.uuid, at=now)


@pytest.mark.parametrize("meanwhile", [_no, _gone, _there])
def test_who_objected_was_erased_or_was_in_touch_gets_no_mail(meanwhile: Callable) -> None:
    person = agreed()
    repermission.ask(now=ASKED)
    meanwhile(person, ASKED + timedelta(seconds=1))
    before = len(mail.outbox)
    deliver.run_due(now=ASKED + timedelta(seconds=2))
    assert not any("/go-on/" in str(one.body) for one in mail.outbox[before:])
    assert Job.objects.get(name=repermission.JOB).state == State.GONE


@pytest.mark.parametrize("meanwhile", [_no, _gone])
def test_who_said_no_or_was_erased_is_not_brought_back_by_the_link(
    client: Client, at: Callable, meanwhile: Callable
) -> None:
    person = agreed()
    (message,) = night(ASKED)
    meanwhile(person, ASKED + timedelta(days=1))
    at(ASKED + timedelta(days=2))
    before = fingerprint()
    assert press(client, message).status_code in {200, 404}  # type: ignore[attr-defined]
    assert fingerprint() == before
    assert not ConsentState.objects.filter(live=True).exists()


def test_after_the_end_the_link_brings_nothing_back(client: Client, at: Callable) -> None:
    agreed()
    (message,) = night(ASKED)
    at(END)  # before the night's work
    before = fingerprint()
    assert "over" in press(client, message).content.decode()  # type: ignore[attr-defined]
    night(END)
    assert "over" in press(client, message).content.decode()  # type: ignore[attr-defined]
    assert not ConsentState.objects.filter(live=True).exists()
    assert fingerprint() != before, "the night wrote the end down"
    assert not Event.objects.filter(kind=kinds.RENEWED).exists()


def test_a_text_that_she_did_not_see_is_no_consent(client: Client, at: Callable) -> None:
    agreed()
    (message,) = night(ASKED)
    at(ASKED)
    before = fingerprint()
    answer = client.post(path_of(message), {"text": "0" * 16})
    assert answer.status_code == 409
    assert "has changed" in answer.content.decode()
    assert fingerprint() == before
    with pytest.raises(TextChanged):
        going_on.go_on(urlsplit(path_of(message)).path.split("/")[-2], reference="", now=ASKED)


@pytest.mark.fault("T02")
def test_the_link_of_another_purpose_is_none_of_this(client: Client) -> None:
    person = agreed()
    night(ASKED)
    event = Event.objects.get(kind=kinds.ASKED_AGAIN)
    for token in (
        links.sign("preferences", event.uuid),
        links.sign("undo", event.uuid),
        links.sign(going_on.GO_ON, person.uuid),
        going_on.token(event)[:-1] + ("1" if going_on.token(event).endswith("0") else "0"),
        going_on.token(Event.objects.filter(kind=kinds.GIVEN).get()),
    ):
        assert client.post(f"/privacy/marketing/go-on/{token}/").status_code in {404}
    assert not Event.objects.filter(kind=kinds.RENEWED).exists()


def test_a_shorter_term_of_a_new_policy_asks_at_once_while_a_day_is_left(policy_with: Callable) -> None:
    agreed()
    policy_with("offers", term=years(1))
    assert len(night(datetime(2027, 3, 9, 12, tzinfo=UTC))) == 1
    agreed("bea@example.com", when=datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert night(datetime(2027, 3, 9, 12, tzinfo=UTC)) == [], "her term is over"


def test_a_longer_term_of_a_new_policy_asks_nobody_a_second_time(policy_with: Callable) -> None:
    agreed()
    assert len(night(ASKED)) == 1
    policy_with("offers", term=years(4))
    assert night(datetime(2030, 2, 1, 12, tzinfo=UTC)) == []


@pytest.mark.parametrize("fields", [{"ask_again": None}, {"term": months(3)}, {"ask_again": Term()}])
def test_nobody_is_asked_where_the_policy_says_so_or_the_term_is_short(
    policy_with: Callable, fields: dict
) -> None:
    agreed()
    assert policy_with("offers", **fields).asks_again is None
    assert night(ASKED) == []
    assert not Event.objects.filter(kind=kinds.ASKED_AGAIN).exists()


def test_the_number_of_statements_does_not_grow_with_the_people() -> None:
    def asked(number: int, year: int) -> int:
        when = datetime(year, 3, 10, 12, tzinfo=UTC)
        for index in range(number):
            agreed(f"p{index}-{year}@example.com", when=when)
        with CaptureQueriesContext(connection) as captured:
            assert repermission.ask(now=ASKED.replace(year=year + 3)) == number
        return len(captured)

    assert asked(2, 2020) == asked(9, 2026)


def test_pages_end_where_the_last_one_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(5):
        agreed(f"p{index}@example.com")
    monkeypatch.setattr(ends, "PAGE", 2)
    calls = []

    def die(*args: object, **kwargs: object) -> int:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return written(*args, **kwargs)

    written = repermission._ask_page
    with patch.object(repermission, "_ask_page", die), pytest.raises(KeyboardInterrupt):
        repermission.ask(now=ASKED)
    assert Event.objects.filter(kind=kinds.ASKED_AGAIN).count() == 2
    assert len(night(ASKED)) == 5
    assert night(ASKED) == []


def test_a_renewal_just_before_the_end_is_not_ended() -> None:
    person = agreed()
    over = ends._silent(current().purpose("offers"), day=clock.legal_day(END))
    page = [one.pk for one in over]
    assert page
    decisions.renew(person, *OFFERS, how="go_on", now=END - timedelta(minutes=1))
    assert expiring._expire(over, page, now=END) == 0
    assert state.live(person, *OFFERS)


def test_a_consent_that_was_renewed_is_not_ended_by_a_run_that_found_it_before(policy_with: Callable) -> None:
    policy_with("offers", bases=[Consent()], clock=COLUMN, term=days(400))
    person = agreed()
    later = START + timedelta(days=399)
    decisions.renew(person, *OFFERS, how="go_on", now=later)
    assert expire(now=START + timedelta(days=401)) == 0
    assert state.live(person, *OFFERS)


def test_the_report_says_how_many_are_asked_and_end() -> None:
    agreed()
    agreed("bea@example.com", when=START + timedelta(days=40))
    lines = {
        one.purpose.key: (one.asked, one.ending)
        for one in ends.upcoming(now=ASKED, until=ASKED + relativedelta(months=2, days=5))
    }
    assert lines == {"offers": (1, 1)}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one_mail_each() -> None:
    for index in range(30):
        agreed(f"p{index}@example.com")
    gate, errors = threading.Barrier(3), []

    def run() -> None:
        try:
            gate.wait(timeout=30)
            repermission.ask(now=ASKED)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert Job.objects.filter(name=repermission.JOB).count() == 30
    assert Event.objects.filter(kind=kinds.ASKED_AGAIN).count() == 30


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_going_on_and_saying_no_at_once_leave_a_no() -> None:
    person = agreed()
    night(ASKED)
    token = going_on.token(Event.objects.get(kind=kinds.ASKED_AGAIN))
    shown = wordings.reference_of(wordings.current("offers", "en"))
    gate, errors = threading.Barrier(2), []

    def run(act: Callable[[], object]) -> None:
        try:
            gate.wait(timeout=30)
            act()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connection.close()

    acts = [
        lambda: going_on.go_on(token, reference=shown, now=ASKED),
        lambda: decisions.refuse_all(person.uuid, how="link", now=ASKED + timedelta(seconds=1)),
    ]
    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert not decisions.may_send(person, *OFFERS, now=ASKED + timedelta(seconds=2))


@pytest.mark.parametrize("clock_", ["contact", "column"])
def test_ending_terms_costs_the_same_for_a_page_of_people(
    clock_: str, policy_with: Callable[..., Purpose]
) -> None:
    """Statements grow with the pages that people are looked up in; each end is told once."""
    heard: list[UUID] = []

    def cost(number: int, prefix: str) -> int:
        for each in range(number):
            agreed(f"{prefix}{each}@example.com")
        if clock_ == "column":
            ConsentState.objects.filter(live=True).update(expires_at=END)
        with CaptureQueriesContext(connection) as queries:
            ended = expire(now=END) if clock_ == "column" else ends.end(now=END)
        assert ended == number
        return len(queries)

    def listen(*, person: UUID, kind: str, **_more: object) -> None:
        if kind == kinds.EXPIRED:
            heard.append(person)

    signals.consent_changed.connect(listen)
    try:
        few, many = cost(3, "a"), cost(60, "b")
    finally:
        signals.consent_changed.disconnect(listen)
    assert many == few
    assert sorted(heard) == sorted(Person.objects.values_list("uuid", flat=True))
    assert Event.objects.filter(kind=kinds.EXPIRED).count() == 63
    assert not ConsentState.objects.exclude(standing=Standing.EXPIRED).exists()
    assert list(rebuild.compare()) == []


def test_a_question_asks_once_whether_it_may_leave() -> None:
    for number in range(5):
        agreed(f"ada{number}@example.com")
    repermission.ask(now=ASKED)
    with CaptureQueriesContext(connection) as seen:
        deliver.run_due(now=ASKED, names=frozenset({repermission.JOB}))
    assert len(mail.outbox) == 5
    asked = [one["sql"] for one in seen if one["sql"].startswith(("SELECT", "UPDATE"))]
    assert len(asked) <= 5 * 14 + 2
