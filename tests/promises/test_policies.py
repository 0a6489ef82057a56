"""The policies of five shops, loaded and enforced: each term ends on its day, by the nightly command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db.models import Model

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.registry import Entry, contacted, people, registry
from django_rgpd.registry import checks as registered
from django_rgpd.retention import archive
from django_rgpd.retention.models import SweepMark
from example_shop.accounts.models import User
from example_shop.factories import (
    ContactMessageFactory,
    GuestOrderFactory,
    OrderFactory,
    PaymentFactory,
    UserFactory,
    WishFactory,
    make_invoice,
)

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
SHOPS = ["gifts", "parties", "agency", "marketplace", "practice"]
START = date(2024, 2, 29)
"""A leap day: the worst there is to count years from."""


def noon(day: date) -> datetime:
    """The middle of a day in the shop."""
    return datetime.combine(day, time(12), tzinfo=PARIS)


class Shop:
    """A shop of one trade, and its nights."""

    def __init__(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings, self.monkeypatch = settings, monkeypatch

    def load(self, key: str) -> None:
        """Take the policy and the declarations of one shop in place of the example shop's; nothing is in the tables yet."""
        told = import_module(f"tests.promises.policies.{key}")
        self.settings.RGPD = {**self.settings.RGPD, "POLICY": f"{told.__name__}.policy"}
        ours = {
            model: one for model, one in registry.entries.items() if model._meta.app_label == "django_rgpd"
        }
        own = {model: Entry(model, declaration, key) for model, declaration in told.declarations.items()}
        self.monkeypatch.setattr(registry, "entries", {**ours, **own})
        self.night(START)

    def night(self, day: date) -> None:
        """The nightly command of that day; twice, for what the first run wrote down leaves with the second."""
        for seconds in (0, 1):
            now = noon(day) + timedelta(seconds=seconds)
            self.monkeypatch.setattr(clock, "now", lambda now=now: now)
            call_command("rgpd_run", stdout=StringIO(), stderr=StringIO())


@pytest.fixture
def shop(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Where the policies are tried."""
    return Shop(settings, monkeypatch)


@pytest.mark.parametrize("key", SHOPS)
def test_the_policy_can_be_followed_and_carried_out(shop: Shop, key: str) -> None:
    shop.load(key)
    found = registered.check_policy(app_configs=None) + registered.check_declarations(app_configs=None)
    # Tables of the example shop that this trade does not have are declared by nobody here.
    assert [str(one) for one in found if one.is_serious() and one.id != "django_rgpd.E037"] == []


def paper(subject: str, **fields: Any) -> Callable[[], Model]:
    """A paper of somebody without an account, of the first day."""
    return lambda: ContactMessageFactory(user=None, subject=subject, received_at=noon(START), **fields)


def of_hers(subject: str) -> Callable[[], Model]:
    """A paper of somebody who was in touch on the first day, and never since."""

    def make() -> Model:
        contacted("camille@example.com", at=noon(START))
        return ContactMessageFactory(user=None, subject=subject, received_at=noon(START))

    return make


def agreed(purpose: str, make: Callable[[User], Model]) -> Callable[[], Model]:
    """A row of a customer who agreed to ``purpose`` on the first day."""

    def give() -> Model:
        user = UserFactory()
        person = people.person_of(user, now=noon(START))
        decisions.give(person, purpose, "", how="form", now=noon(START))
        return make(user)

    return give


def agreed_paper(subject: str) -> Callable[[], Model]:
    """A paper of a customer who agreed to it."""
    return agreed(
        subject, lambda user: ContactMessageFactory(user=user, subject=subject, received_at=noon(START))
    )


def payment(status: str, closed: date | None = None) -> Callable[[], Model]:
    """A payment of the first day."""
    return lambda: PaymentFactory(
        order=GuestOrderFactory(placed_at=noon(START), closed_on=closed),
        created_at=noon(START),
        status=status,
    )


def order(**fields: Any) -> Callable[[], Model]:
    """A guest's order of the first day."""
    return lambda: GuestOrderFactory(placed_at=noon(START), **fields)


def invoice(**fields: Any) -> Callable[[], Model]:
    """The invoice of an order of the first day."""
    return lambda: make_invoice(GuestOrderFactory(placed_at=noon(START), **fields))


def sold_last() -> Model:
    """What is kept for who sells: hers was last on the first day."""
    user = UserFactory()
    for at in (noon(START) - timedelta(days=400), noon(START)):
        OrderFactory(customer=user, placed_at=at, paid_at=at)
    return WishFactory(user=user, note="Balloons, since 2019")


def closed_account() -> Model:
    """A line of the register of closed accounts, of one that was closed on the first day."""
    person = people.person_of(UserFactory(), now=noon(START))
    erase(person, how="self", now=noon(START))
    return ContactMessageFactory(user=None, name=str(person.uuid), subject="closed", received_at=noon(START))


def health(user: User) -> Model:
    """A note on somebody's health."""
    return WishFactory(user=user, note="Allergic to latex", created_at=noon(START))


# Written by hand from the policies as they are published: nothing here is computed as the library computes it.
TERMS: list[tuple[str, str, str, Callable[[], Model], date]] = [
    ("gifts", "P51", "orders", order(), date(2029, 2, 28)),
    ("gifts", "P51", "accounting", invoice(), date(2034, 12, 31)),
    ("gifts", "P52", "transaction", payment("succeeded"), date(2024, 3, 14)),
    ("gifts", "P52", "incident", payment("failed", date(2025, 8, 31)), date(2030, 8, 31)),
    ("gifts", "P54", "message", paper("message", answered_at=noon(date(2024, 3, 2))), date(2025, 3, 2)),
    ("gifts", "P55", "audience", agreed_paper("audience"), date(2026, 3, 29)),
    ("gifts", "P55", "address", paper("address"), date(2025, 2, 28)),
    ("gifts", "P55", "log", paper("log"), date(2024, 3, 29)),
    ("parties", "P51", "accounting", invoice(), date(2034, 12, 31)),
    ("parties", "P53", "card", payment("succeeded"), date(2025, 3, 29)),
    ("parties", "P53", "card_deferred", payment("pending"), date(2025, 5, 29)),
    ("parties", "P15", "prospect", of_hers("prospect"), date(2027, 2, 28)),
    ("parties", "P55", "tracker", agreed_paper("tracker"), date(2025, 3, 29)),
    ("agency", "P57", "contact", agreed_paper("contact"), date(2027, 2, 28)),
    ("marketplace", "P51", "accounting", invoice(), date(2034, 6, 30)),
    ("marketplace", "P57", "portfolio", sold_last, date(2025, 2, 28)),
    ("marketplace", "P57", "closed", closed_account, date(2025, 2, 28)),
    ("marketplace", "P54", "thread", paper("thread", name=""), date(2025, 2, 28)),
    ("practice", "P51", "accounting", invoice(closed_on=date(2024, 8, 31)), date(2034, 8, 31)),
    ("practice", "P56", "logistics", order(expected_on=date(2025, 1, 31)), date(2026, 1, 31)),
    ("practice", "P56", "quote", of_hers("quote"), date(2027, 2, 28)),
    ("practice", "P56", "health", agreed("health", health), date(2026, 2, 28)),
    ("practice", "P56", "survey", paper("survey"), date(2027, 2, 28)),
    ("practice", "P56", "testimonial", agreed_paper("testimonial"), date(2034, 2, 28)),
    ("practice", "P56", "chat", paper("chat"), date(2027, 2, 28)),
    (
        "practice",
        "P56",
        "membership",
        paper("membership", answered_at=noon(date(2025, 12, 31))),
        date(2026, 12, 31),
    ),
    ("practice", "P55", "log", paper("log"), date(2024, 3, 29)),
]


# From which day on everyday staff do not see it any more.
ACTIVE: list[tuple[str, str, str, Callable[[], Model], date]] = [
    ("gifts", "P51", "orders", order(), date(2026, 2, 28)),
    ("gifts", "P51", "accounting", invoice(), date(2025, 12, 31)),
    ("gifts", "P54", "message", paper("message", answered_at=noon(date(2024, 3, 2))), date(2024, 6, 2)),
    ("parties", "P51", "accounting", invoice(), date(2025, 12, 31)),
    ("marketplace", "P51", "accounting", invoice(), date(2025, 6, 30)),
    ("practice", "P51", "accounting", invoice(closed_on=date(2024, 8, 31)), date(2025, 8, 31)),
    ("parties", "P24", "prospect", of_hers("prospect"), date(2027, 2, 28)),
]


def rows(table: list[tuple[str, str, str, Callable[[], Model], date]]) -> list[Any]:
    """The lines of a table as parameters, each marked with its promise."""
    return [
        pytest.param(key, make, day, id=f"{key}-{what}", marks=pytest.mark.promise(row))
        for key, row, what, make, day in table
    ]


def holds(row: Model) -> bool:
    """Whether anything personal is left of the row."""
    entry = registry.entries[type(row)]
    found = type(row)._base_manager.filter(pk=row.pk).values(*entry.declaration.fields).first()
    return found is not None and any(found.values())


@pytest.mark.parametrize(("key", "make", "due"), rows(TERMS))
def test_each_term_ends_on_its_day_and_not_before(
    shop: Shop, key: str, make: Callable[[], Model], due: date
) -> None:
    shop.load(key)
    row = make()
    shop.night(due - timedelta(days=1))
    assert holds(row)
    shop.night(due)
    assert not holds(row)


@pytest.mark.fault("K06")
@pytest.mark.parametrize(("key", "make", "due"), rows(TERMS))
def test_a_term_that_ended_while_the_sweep_was_down_ends_with_the_next(
    shop: Shop, key: str, make: Callable[[], Model], due: date
) -> None:
    shop.load(key)
    row = make()
    shop.night(due - timedelta(days=1))
    shop.night(due + timedelta(days=3))
    assert not holds(row)


@pytest.mark.parametrize(("key", "make", "day"), rows(ACTIVE))
def test_each_archive_begins_on_its_day(shop: Shop, key: str, make: Callable[[], Model], day: date) -> None:
    shop.load(key)
    row = make()

    def everyday(on: date) -> bool:
        return archive.leave_out(type(row)._base_manager.filter(pk=row.pk), now=noon(on)).exists()

    assert everyday(day - timedelta(days=1))
    assert not everyday(day)
    assert holds(row)


@pytest.mark.promise("P50")
@pytest.mark.parametrize(
    ("key", "end"),
    [("gifts", date(2027, 2, 28)), ("parties", date(2027, 2, 28)), ("practice", date(2025, 2, 28))],
)
def test_an_account_ends_after_its_silence_and_two_warnings(
    shop: Shop, key: str, end: date, mailoutbox: list[Any]
) -> None:
    shop.load(key)
    user = UserFactory()
    contacted(user, at=noon(START))
    people.prove(
        people.note("email", user.email, person=people.person_of(user, now=noon(START)), now=noon(START)),
        how="click",
        now=noon(START),
    )
    for before, mails in ((31, 0), (30, 1), (8, 1), (7, 2), (1, 2)):
        shop.night(end - timedelta(days=before))
        assert len(mailoutbox) == mails, before
        assert User.objects.filter(pk=user.pk).exists()
    shop.night(end)
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.promise("P52")
def test_an_incident_that_is_not_settled_has_no_end_yet_and_the_report_says_so(shop: Shop) -> None:
    shop.load("gifts")
    unpaid = payment("failed")()
    shop.night(date(2044, 1, 1))
    assert holds(unpaid)
    out = StringIO()
    call_command("rgpd_report", stdout=out)
    assert "payments.Payment, Unpaid orders: 0 due; 1 whose term has not started" in out.getvalue()


@pytest.mark.promise("P15")
@pytest.mark.parametrize("purpose", ["prospect", "quote"])
def test_a_contact_of_hers_prolongs_and_nothing_else_does(shop: Shop, purpose: str) -> None:
    shop.load("parties" if purpose == "prospect" else "practice")
    hers, other = of_hers(purpose)(), paper(purpose, email="other@example.com")()
    contacted("other@example.com", at=noon(START))
    shop.night(date(2025, 12, 31))
    contacted("camille@example.com", at=noon(date(2025, 12, 31)))
    shop.night(date(2027, 2, 28))
    assert holds(hers)
    assert not holds(other)
    shop.night(date(2028, 12, 31))
    assert not holds(hers)


@pytest.mark.promise("P33")
@pytest.mark.promise("P58")
def test_what_rests_on_consent_goes_by_the_night_after_its_withdrawal(shop: Shop) -> None:
    shop.load("practice")
    row = agreed("health", health)()
    shop.night(START + timedelta(days=1))
    assert holds(row)
    person = people.users_person(row.user_id)  # type: ignore[attr-defined]
    assert person is not None
    at = noon(START + timedelta(days=1))
    decisions.withdraw(person, "health", "", how="letter", now=at)
    shop.night(START + timedelta(days=2))
    assert not holds(row)


@pytest.mark.promise("P57")
def test_the_report_says_what_ends_next_month_by_model_and_purpose(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.load("practice")
    paper("survey")(), paper("log")(), order(expected_on=date(2025, 1, 31))()
    shop.night(date(2024, 3, 1))
    said = {}
    for day in (date(2024, 3, 1), date(2027, 2, 1)):
        monkeypatch.setattr(clock, "now", lambda day=day: noon(day))
        out = StringIO()
        call_command("rgpd_report", stdout=out)
        about, *said[day.year] = out.getvalue().splitlines()
        assert about.startswith("Until ")
    assert said[2024] == ["contact.ContactMessage, Logs: 1 due"]
    assert said[2027] == ["contact.ContactMessage, Surveys: 1 due"]


@pytest.mark.fault("K09")
def test_an_approval_is_asked_for_each_purpose_that_a_row_is_about(shop: Shop) -> None:
    shop.load("practice")
    SweepMark.objects.all().delete()
    paper("survey")(), paper("log")(), paper("log")()
    shop.night(date(2027, 3, 1))
    out = StringIO()
    call_command("rgpd_adopt", stdout=out)
    said = [line.split() for line in out.getvalue().splitlines() if line.startswith("  ")]
    assert [(line[1], line[-1]) for line in said[1:]] == [("Surveys", "1"), ("Logs", "2")]


ZONES = [
    # 23:30 UTC on 31 January is another day in half of the world, and a month later another month.
    ("UTC", datetime(2026, 1, 31, 23, 30, tzinfo=UTC), date(2026, 2, 28)),
    ("Europe/Paris", datetime(2026, 1, 31, 23, 30, tzinfo=UTC), date(2026, 3, 1)),
    ("Pacific/Kiritimati", datetime(2026, 1, 31, 23, 30, tzinfo=UTC), date(2026, 3, 1)),
    ("America/St_Johns", datetime(2026, 1, 31, 23, 30, tzinfo=UTC), date(2026, 2, 28)),
    # Days on which the hour changes.
    ("Europe/Paris", datetime(2026, 2, 28, 23, 30, tzinfo=UTC), date(2026, 4, 1)),
    ("Europe/Paris", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 4, 29)),
    ("Europe/Paris", datetime(2026, 9, 24, 22, 30, tzinfo=UTC), date(2026, 10, 25)),
    ("America/St_Johns", datetime(2026, 2, 8, 3, 45, tzinfo=UTC), date(2026, 3, 8)),
]


@pytest.mark.fault("K04")
@pytest.mark.promise("P55")
@pytest.mark.parametrize(
    ("zone", "start", "due"), ZONES, ids=[f"{zone}-{due}" for zone, _start, due in ZONES]
)
def test_a_term_ends_at_midnight_of_the_legal_zone(
    shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch, zone: str, start: datetime, due: date
) -> None:
    shop.load("gifts")
    settings.RGPD = {**settings.RGPD, "TIME_ZONE": zone}
    row = ContactMessageFactory(user=None, subject="log", received_at=start)
    midnight = datetime.combine(due, time(), tzinfo=ZoneInfo(zone))
    for shift, there in ((-1, True), (0, False)):
        now = (midnight.astimezone(UTC) + timedelta(minutes=shift)).astimezone(UTC)
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        call_command("rgpd_sweep", stdout=StringIO())
        assert holds(row) is there
