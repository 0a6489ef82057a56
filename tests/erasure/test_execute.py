"""Erasing a person: everything goes, what the policy says stays, nobody else moves."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError
from django.db.models import Q
from django.utils import translation

from django_rgpd import signals
from django_rgpd.core.errors import Refused
from django_rgpd.core.failures import EngineFailed, wrapped
from django_rgpd.erasure.execute import PlanChanged, erase
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import OpenBusiness, people, registry
from django_rgpd.registry.models import Address, Person, Suppression
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, make_customer, make_guest
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order, Status
from example_shop.payments.models import Payment
from example_shop.reviews.models import Review

pytestmark = pytest.mark.django_db


@pytest.mark.promise("P32")
@pytest.mark.promise("P57")
def test_a_customer_goes_and_her_invoices_stay(user: User, person: Person, now: datetime) -> None:
    """The account, with all that hangs on it."""
    before = list(Invoice.objects.order_by("pk").values())

    erasure = erase(person, how="account", now=now)

    assert not User.objects.filter(pk=user.pk).exists()
    assert list(Invoice.objects.order_by("pk").values()) == before
    assert erasure.state == ErasureState.DONE
    assert set(Order.objects.values_list("name", "street", "phone", "delivery_note", "customer")) == {
        ("", "", "", "", None)
    }
    assert not Review.objects.exists()
    person.refresh_from_db()
    assert person.user_key is None
    assert person.erased_at == now
    assert not Address.objects.exclude(canonical=None).exists()


@pytest.mark.promise("P27")
def test_reviews_stay_without_a_way_back_where_she_wants_that(
    user: User, person: Person, now: datetime
) -> None:
    """The text stays, nobody's."""
    text = Review.objects.get(author=user).text

    erase(person, how="account", choices={"reviews": "keep"}, now=now)

    review = Review.objects.get()
    assert (review.author, review.public_name, review.text) == (None, "", text)


def test_an_erasure_asked_twice_is_done_once(person: Person, now: datetime) -> None:
    """I2: the second answers with the first, and writes nothing."""
    first = erase(person, how="account", now=now)
    before = snapshot()

    second = erase(person, how="account", now=now + timedelta(minutes=1))

    assert second == first
    assert not changed(before, snapshot())


def test_the_second_plan_has_nothing_left_to_do(person: Person, now: datetime) -> None:
    """I1: what she had is not hers any more."""
    subject = people.subject(person)
    erase(person, how="account", now=now)

    assert not plan(subject, now=now).goes


@pytest.mark.fault("D21")
@pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
def test_staff_are_refused_and_nothing_moves(user: User, person: Person, now: datetime, right: str) -> None:
    """Whoever works for the shop hands over first."""
    User.objects.filter(pk=user.pk).update(**{right: True})
    before = snapshot()

    with pytest.raises(Refused, match="works for the shop"):
        erase(person, how="account", now=now)

    assert not changed(before, snapshot())


def test_an_account_in_the_place_of_a_person_says_whom_to_pass(user: User, now: datetime) -> None:
    before = snapshot()

    with pytest.raises(TypeError, match=r"erase\(\) takes a Person.* people\.person_of\(user, now=now\)"):
        erase(user, how="account", now=now)  # type: ignore[arg-type]

    assert not changed(before, snapshot())


def test_a_plan_that_changed_meanwhile_is_shown_again(user: User, person: Person, now: datetime) -> None:
    """What she read is what is done, or nothing."""
    seen = plan(people.subject(person), now=now).digest
    OrderFactory(customer=user, open=True)
    before = snapshot()

    with pytest.raises(PlanChanged):
        erase(person, how="account", expected=seen, now=now)

    assert not changed(before, snapshot())


@pytest.mark.fault("D22")
def test_an_open_order_keeps_what_it_needs_until_it_closes(user: User, person: Person, now: datetime) -> None:
    """The rest goes at once; the same plan runs again when the order is closed."""
    order = OrderFactory(customer=user, open=True, placed_at=now)

    erasure = erase(person, how="account", now=now)

    order.refresh_from_db()
    assert order.street
    assert erasure.state == ErasureState.OPEN
    assert erasure.open_until == order.expected_on
    assert Order.objects.filter(street="").count() == 2
    tombstone = User.objects.get(pk=user.pk)
    assert (tombstone.is_active, tombstone.has_usable_password(), tombstone.last_name) == (False, False, "")
    assert tombstone.email.endswith("@erased.invalid")

    run_due(now=now + timedelta(minutes=11))
    Order.objects.filter(pk=order.pk).update(status=Status.DELIVERED)
    run_due(now=now + timedelta(days=2))

    order.refresh_from_db()
    erasure.refresh_from_db()
    assert (order.street, order.customer_id) == ("", None)
    assert erasure.state == ErasureState.DONE
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Job.objects.exclude(state__in=[State.DONE, State.GONE]).exists()


def test_open_business_is_asked_before_the_rows_go_that_it_is_asked_of(
    user: User, person: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop calls an order open while its payment has a provider's number, and payments are released first."""
    paid = OpenBusiness(Q(payments__stripe_customer__startswith="cus"))
    monkeypatch.setattr(registry.of(Order).declaration, "open_business", paid)
    monkeypatch.setattr(registry.of(Payment).declaration, "open_business", None)
    names = set(Order.objects.filter(customer=user).values_list("name", flat=True))
    unpaid = OrderFactory(customer=user, lines=0)
    shown = plan(people.subject(person), now=now)
    assert {line.model for line in shown.open} == {"orders.Order"}

    erase(person, how="account", now=now)

    assert set(Payment.objects.values_list("stripe_customer", flat=True)) == {""}
    assert set(Order.objects.exclude(pk=unpaid.pk).values_list("name", flat=True)) == names
    assert Order.objects.get(pk=unpaid.pk).name == ""


def test_business_open_past_its_time_is_a_case_for_staff(user: User, person: Person, now: datetime) -> None:
    """Nothing is destroyed by surprise, and nothing is forgotten."""
    OrderFactory(customer=user, open=True, placed_at=now)
    erase(person, how="account", now=now)
    run_due(now=now + timedelta(minutes=11))

    run_due(now=now + timedelta(days=90))

    assert Job.objects.get(name="erasure.open_business").state == State.NEEDS


def test_the_day_that_she_was_told_does_not_move(user: User, person: Person, now: datetime) -> None:
    """An order that says no day is counted from her request, however often the rest of it is tried."""
    OrderFactory(customer=user, open=True, placed_at=now, expected_on=None)
    erasure = erase(person, how="account", now=now)
    told = erasure.open_until

    run_due(now=now + timedelta(days=1))
    run_due(now=now + timedelta(days=20))

    erasure.refresh_from_db()
    assert told is not None
    assert erasure.open_until == told


@pytest.mark.fault("D17")
def test_a_guest_goes_by_her_proven_address(bystander: User, now: datetime) -> None:
    """An account is not needed; other people's orders stay."""
    make_guest("guest@example.com", orders=2)
    person = people.prove(people.note("email", "guest@example.com", now=now), how="link", now=now).person

    erase(person, how="link", now=now)

    assert not Order.objects.filter(guest_email="guest@example.com").exists()
    assert Order.objects.filter(customer=None, street="").count() == 2
    assert not Order.objects.filter(customer=bystander, street="").exists()


@pytest.mark.fault("D17")
def test_a_gift_keeps_its_recipient_when_the_buyer_goes(user: User, person: Person, now: datetime) -> None:
    """Her data go with her own erasure, and the buyer's with the buyer's."""
    gift = Order.objects.exclude(gift_email=None).get()

    erase(person, how="account", now=now)

    gift.refresh_from_db()
    assert gift.gift_email
    assert gift.gift_street
    assert (gift.name, gift.gift_message) == ("", "")
    recipient = people.prove(people.note("email", gift.gift_email, now=now), how="link", now=now).person

    erase(recipient, how="link", now=now)

    gift.refresh_from_db()
    assert (gift.gift_email, gift.gift_street, gift.gift_name) == (None, "", "")


def test_people_merged_into_her_go_with_her(user: User, person: Person, now: datetime) -> None:
    """One erasure, all uuids, and the ledger has the digest of every address ever known."""
    make_guest("old.address@example.com")
    guest = people.note("email", "old.address@example.com", now=now)
    people.prove(guest, how="link", now=now)
    people.prove(people.note("email", "old.address@example.com", person=person, now=now), how="link", now=now)

    erase(person, how="account", now=now)

    assert not Person.objects.filter(erased_at=None).exists()
    assert not Order.objects.exclude(street="").exists()
    event = Event.objects.get(kind="erased")
    assert event.person == person.uuid
    assert event.payload is not None
    assert len({one["digest"] for one in event.payload["digests"]}) == 2
    assert "example.com" not in str(event.payload)


def test_a_guest_merged_since_she_was_read_is_erased_as_who_she_is(
    user: User, person: Person, now: datetime
) -> None:
    """Her address was proven for an account in the same moment: the account is erased, and the books say whose it was."""
    guest = people.prove(people.note("email", "guest@example.com", now=now), how="link", now=now).person
    people.prove(people.note("email", "guest@example.com", person=person, now=now), how="link", now=now)
    assert guest.merged_into is None, "read before"

    erasure = erase(guest, how="link", now=now)

    assert erasure.person == person.uuid
    assert Event.objects.get(kind="erased").person == person.uuid
    assert not User.objects.filter(pk=user.pk).exists()
    assert erase(guest, how="link", now=now) == erasure


def test_never_write_to_me_again_is_remembered_by_a_digest(person: Person, now: datetime) -> None:
    """And without that wish nothing is remembered that she did not object to."""
    other = people.person_of(make_customer(), now=now)

    erase(other, how="account", now=now)
    assert not Suppression.objects.exists()

    erase(person, how="account", choices={"suppress": True}, now=now)
    assert Suppression.objects.get().reason == "asked"


@pytest.mark.fault("G08")
@pytest.mark.parametrize(("how", "subject"), [("account", "effac"), ("staff", "erased")])
def test_the_receipt_has_the_language_of_her_page(
    user: User, person: Person, now: datetime, how: str, subject: str
) -> None:
    Person.objects.filter(pk=person.pk).update(language="en")
    person.refresh_from_db()
    User.objects.filter(pk=user.pk).update(language="en")
    with translation.override("fr"):
        erase(person, how=how, now=now)
    run_due(now=now)
    assert subject in mail.outbox[-1].subject


def test_the_receipt_goes_to_the_address_that_is_gone(user: User, person: Person, now: datetime) -> None:
    """It says what went and what stays until when; then the address is nowhere any more."""
    erase(person, how="account", now=now)

    run_due(now=now)

    (message,) = mail.outbox
    assert message.to == [user.email]
    body = str(message.body)
    assert "Dec. 31, 2036" in body
    assert "Code de commerce, L123-22" in body
    assert "CNIL" in body
    assert "Your orders" in body
    assert not Job.objects.filter(name="mail").exclude(payload={}).exists()


def test_who_listens_hears_of_it_inside_the_transaction(user: User, person: Person, now: datetime) -> None:
    """With the uuid and the account's key."""
    heard: list[tuple[object, object]] = []

    def listen(*, person: object, user_key: object, **_: object) -> None:
        heard.append((person, user_key))

    signals.person_erased.connect(listen)
    try:
        erase(person, how="account", now=now)
    finally:
        signals.person_erased.disconnect(listen)

    assert heard == [(person.uuid, str(user.pk))]


def test_a_listener_that_fails_undoes_everything(person: Person, now: datetime) -> None:
    """Half an erasure is none."""
    before = snapshot()

    def listen(**_: object) -> None:
        raise RuntimeError("no")

    signals.person_erased.connect(listen)
    try:
        with pytest.raises(RuntimeError):
            erase(person, how="account", now=now)
    finally:
        signals.person_erased.disconnect(listen)

    assert not changed(before, snapshot())


@pytest.mark.fault("G02")
def test_a_database_error_says_nothing_of_the_row() -> None:
    """PostgreSQL quotes the whole row; neither the message nor the chain may."""
    with pytest.raises(EngineFailed) as caught, wrapped("orders.Order"):
        raise IntegrityError("Failing row contains (1, marie@example.com)")

    assert "marie" not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_late_rows_go_with_the_second_pass(user: User, person: Person, now: datetime) -> None:
    """R03: an order that was on its way while the erasure ran."""
    erase(person, how="account", now=now)
    make_guest("elodie.emond@example.com")

    run_due(now=now + timedelta(minutes=11))

    assert not Order.objects.exclude(street="").exists()


def test_the_second_pass_leaves_a_newcomer_alone(user: User, person: Person, now: datetime) -> None:
    """She came back within minutes: what she does now is a new person's."""
    email = user.email
    erase(person, how="account", now=now)
    again = people.note("email", email, now=now + timedelta(minutes=1))
    people.prove(again, how="link", now=now + timedelta(minutes=1))
    make_guest(email)

    run_due(now=now + timedelta(minutes=11))

    assert Order.objects.exclude(street="").count() == 1


def test_the_books_keep_no_name(user: User, person: Person, now: datetime) -> None:
    """The erasure, its plan, its receipt and its event hold labels, counts and uuids."""
    values = (user.email, user.last_name, user.phone)

    erase(person, how="account", now=now)

    text = repr(list(Erasure.objects.values())) + repr(list(Event.objects.values()))
    assert not [value for value in values if value in text]
