"""A shop that lived before: whose last contact is read from where, set by set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.registry import Blank, Declaration, Entry, Personal, Who, contacted, people, registry
from django_rgpd.registry.models import Person
from django_rgpd.retention import approval
from django_rgpd.retention.adopt import adopt
from django_rgpd.retention.tasks import end_accounts
from example_shop.accounts.models import User
from example_shop.factories import DAY, ContactMessageFactory, GuestOrderFactory, OrderFactory, UserFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

NOW = DAY + relativedelta(years=1)
LONG_AGO = DAY - relativedelta(years=4)
USER = "accounts.User"


def _user(**fields: Any) -> User:
    """An account that was there before the library was."""
    user: User = UserFactory(**{"date_joined": LONG_AGO, "last_login": None, **fields})
    Person.objects.all().delete()
    return user


def _last(user: User) -> datetime | None:
    person = people.users_person(user.pk)
    return person.last_contact if person is not None else None


def test_accounts_become_people_with_the_latest_of_what_is_declared() -> None:
    joined, logged_in = _user(), _user(last_login=LONG_AGO + relativedelta(years=1))
    ordered, wrote = _user(), _user(last_login=LONG_AGO + relativedelta(years=1))
    OrderFactory(customer=ordered, placed_at=DAY)
    OrderFactory(customer=ordered, placed_at=DAY - timedelta(days=40))
    ContactMessageFactory(user=wrote, received_at=DAY)

    done = adopt(now=NOW)
    assert done.people == 4
    assert done.contacts == {
        f"{USER}.date_joined": 4,
        f"{USER}.last_login": 2,
        "orders.Order.placed_at": 1,
        "contact.ContactMessage.received_at": 1,
    }
    assert [_last(user) for user in (joined, logged_in, ordered, wrote)] == [
        LONG_AGO,
        LONG_AGO + relativedelta(years=1),
        DAY,
        DAY,
    ]
    made = Person.objects.filter(user_key=str(joined.pk)).get()
    assert isinstance(made.uuid, UUID)
    assert (made.created_at, made.erased_at) == (NOW, None)


def test_a_second_run_changes_nothing() -> None:
    _user()
    adopt(now=NOW)
    before = list(Person.objects.order_by("pk").values())
    assert not adopt(now=NOW).anything
    assert list(Person.objects.order_by("pk").values()) == before


def test_a_last_contact_moves_forward_only() -> None:
    user = _user()
    contacted(user, at=DAY)
    adopt(now=NOW)
    assert _last(user) == DAY


def test_a_date_to_come_is_no_contact() -> None:
    user = _user()
    OrderFactory(customer=user, placed_at=NOW + timedelta(days=2))
    adopt(now=NOW)
    assert _last(user) == LONG_AGO


def test_a_guest_has_what_she_did_under_her_address_and_nobody_else_has() -> None:
    user = _user()
    guest = people.note("email", "guest@example.com", now=LONG_AGO).person
    people.note("email", "typed@example.com", person=people.person_of(user, now=LONG_AGO), now=LONG_AGO)
    first, second = LONG_AGO + relativedelta(months=6), LONG_AGO + relativedelta(years=1)
    GuestOrderFactory(guest_email="Guest@Example.com", placed_at=first)
    OrderFactory(customer=user, guest_email="guest@example.com", placed_at=second)
    GuestOrderFactory(guest_email="typed@example.com", placed_at=DAY)
    adopt(now=NOW)
    guest.refresh_from_db()
    assert guest.last_contact == first, "not by the order of an account in which her address was typed"
    assert _last(user) == second, "not by an address that she only typed"


def test_an_erased_person_is_not_made_again() -> None:
    user = UserFactory(date_joined=LONG_AGO)
    OrderFactory(customer=user, open=True, placed_at=DAY)
    person = people.person_of(user, now=DAY)
    erase(person, how="self", now=DAY)
    assert User.objects.filter(pk=user.pk).exists(), "her order is open, the account stands empty"
    adopt(now=NOW)
    person.refresh_from_db()
    assert list(Person.objects.values_list("uuid", flat=True)) == [person.uuid]
    assert person.last_contact is None


def test_people_merged_into_somebody_move_along() -> None:
    user = _user(last_login=DAY)
    hers = people.person_of(user, now=DAY)
    merged = Person.objects.create(created_at=DAY, merged_into=hers.uuid)
    adopt(now=NOW)
    merged.refresh_from_db()
    assert merged.last_contact == DAY


@pytest.mark.fault("K09")
def test_accounts_that_were_never_counted_wait_for_an_approval() -> None:
    user = _user()
    assert approval.settle(now=NOW) == [], "nobody's last contact is known: nothing would end"
    adopt(now=NOW)
    (one,) = approval.waiting(now=NOW, only=[USER])
    assert (one.label, one.rows) == (USER, 1)
    assert User.objects.filter(pk=user.pk).exists()


COUNTED = "People are counted who were not before"


def _withdrawals() -> list[tuple[str, bool]]:
    """Who took an approval back, and whether that of accounts was among them."""
    events = Event.objects.filter(kind=approval.WITHDRAWN).order_by("pk")
    return [(event.actor, USER in (event.payload or {})["labels"]) for event in events]


def _adopted(monkeypatch: pytest.MonkeyPatch, *given: str) -> str:
    out = StringIO()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    call_command("rgpd_adopt", *given, stdout=out)
    return out.getvalue()


@pytest.mark.fault("K09")
def test_a_contact_that_moves_forward_takes_no_approval_back(monkeypatch: pytest.MonkeyPatch) -> None:
    user = _user()
    UserFactory(date_joined=LONG_AGO, last_login=None)  # her account ends
    _adopted(monkeypatch, "--approve", "--no-input")
    taken = _withdrawals()
    OrderFactory(customer=user, placed_at=DAY)
    said = _adopted(monkeypatch)
    assert _last(user) == DAY
    assert COUNTED not in said
    assert _withdrawals() == taken
    assert approval.waiting(now=NOW, only=[USER]) == []


@pytest.mark.fault("K09")
@pytest.mark.parametrize("known", [False, True], ids=["a new account", "a contact that was unknown"])
def test_what_is_counted_for_the_first_time_takes_the_approval_back_and_says_so(
    monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    _user()
    _adopted(monkeypatch, "--approve", "--no-input")
    taken = _withdrawals()
    other = UserFactory(date_joined=LONG_AGO, last_login=None)
    Person.objects.filter(user_key=str(other.pk)).delete()
    if known:
        Person.objects.create(user_key=str(other.pk), created_at=LONG_AGO)
    said = _adopted(monkeypatch)
    assert COUNTED in said
    assert _withdrawals() == [*taken, ("command", True)]
    (one,) = approval.waiting(now=NOW, only=[USER])
    assert one.rows == 2


def test_the_statements_do_not_grow_with_rows() -> None:
    OrderFactory(customer=_user())
    adopt(now=NOW)  # takes back what nobody had to approve
    Person.objects.all().delete()
    with CaptureQueriesContext(connection) as one:
        adopt(now=NOW)
    users = [UserFactory(date_joined=LONG_AGO) for _ in range(9)]
    for user in users:
        OrderFactory(customer=user, lines=0)
    Person.objects.all().delete()
    with CaptureQueriesContext(connection) as many:
        assert adopt(now=NOW).people == 10
    assert len(many) == len(one)


@pytest.fixture
def declare_orders(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Orders whose contact is a mere day, beside the shop's accounts."""

    def declare(**attributes: Any) -> None:
        said = {"who": Who(user="customer"), "fields": {"name": Personal("account", erase=Blank())}}
        data = type("Data", (Declaration,), {**said, **attributes})
        account = registry.entries[User]
        monkeypatch.setattr(registry, "entries", {User: account, Order: Entry(Order, data, __name__)})

    return declare


@pytest.mark.fault("K04")
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Pacific/Kiritimati", "America/St_Johns"])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 7, 1), date(2026, 12, 31)], ids=str)
def test_a_contact_of_a_mere_day_lies_on_that_legal_day(
    declare_orders: Callable[..., None], settings: Any, zone: str, day: date
) -> None:
    settings.RGPD = {**settings.RGPD, "TIME_ZONE": zone}
    declare_orders(contacts=["terms_accepted_on"])
    user = _user()
    OrderFactory(customer=user, terms_accepted_on=day)
    adopt(now=datetime(2027, 6, 1, tzinfo=UTC))
    last = _last(user)
    assert last is not None
    assert clock.legal_day(last) == day


def test_a_row_by_uuid_is_a_contact_of_that_person(declare_orders: Callable[..., None]) -> None:
    declare_orders(who=Who(person="delivery_note"), contacts=["placed_at"])
    person, other, gone = (Person.objects.create(created_at=LONG_AGO) for _ in range(3))
    Person.objects.filter(pk=gone.pk).update(erased_at=NOW)
    for one in (person, gone):
        GuestOrderFactory(delivery_note=str(one.uuid), placed_at=DAY)
    adopt(now=NOW)
    assert list(Person.objects.filter(last_contact__isnull=False)) == [person]
    assert other.last_contact is None


def test_one_call_notes_a_contact_of_an_account_a_person_and_a_guest() -> None:
    user = UserFactory()
    contacted(user, at=DAY)
    assert _last(user) == DAY
    contacted(people.person_of(user, now=DAY), at=DAY + timedelta(days=1))
    contacted(people.person_of(user, now=DAY).uuid, at=DAY)
    assert _last(user) == DAY + timedelta(days=1)
    contacted("guest@example.com", at=DAY)
    guest = people.known("email", "guest@example.com")
    assert guest is not None
    assert guest.last_contact == DAY
    with pytest.raises(ValueError, match="address"):
        contacted("nobody", at=DAY)


@pytest.mark.parametrize("at", [datetime(2026, 3, 10, 12), date(2026, 3, 10)])  # noqa: DTZ001 - as somebody may write it
def test_a_contact_without_a_time_zone_is_refused(at: Any) -> None:
    user = UserFactory()
    contacted(user, at=DAY)
    with pytest.raises(ValueError, match="with a time zone"):
        contacted(user, at=at)
    assert _last(user) == DAY


def test_a_contact_on_a_day_to_come_is_none() -> None:
    """A contact moves forward only: nothing else would take it back, and her account would never end."""
    hers, ahead = UserFactory(), UserFactory()
    contacted(hers, at=NOW + timedelta(days=4_000))
    contacted(ahead, at=NOW + timedelta(hours=2))  # another machine's clock
    end_accounts(now=NOW)
    assert _last(hers) == NOW
    assert _last(ahead) == NOW + timedelta(hours=2)
