"""Eleven years of a shop, night after night: each promise about a term is kept on its day, neither before nor after."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.outbox.deliver import retry
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.basket.models import Basket
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    AddressFactory,
    BasketFactory,
    ContactMessageFactory,
    GuestOrderFactory,
    OrderFactory,
    PaymentFactory,
    ProductFactory,
    RelativeBirthdayFactory,
    UserFactory,
    WishFactory,
    make_invoice,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order, Status
from example_shop.payments.models import Payment
from tests.invariants.decade import BASKET, MESSAGE, PARIS, Customer, Sold, Thing, Years, day_of, gone

BEGINNING, END = date(2027, 1, 4), date(2038, 1, 15)
LATE = "erasure.open_business"
HOURS = [time(0, 5), time(9, 30), time(14), time(23, 45)]
"""Some minutes after and before midnight in Paris, when UTC tells another day than the law."""


class Shop:
    """The example shop, and what was done in it."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch, *, bustle: float = 1) -> None:
        self.chance, self.patch, self.bustle = random.Random(seed), monkeypatch, bustle
        self.coming: dict[date, list[int]] = {}  # the parcels under way, by the day on which they arrive
        self.years, self.product = Years(), ProductFactory()

    def at(self, day: date) -> datetime:
        """Some instant of ``day``; in the hour before midnight as often as at noon."""
        return datetime.combine(day, self.chance.choice(HOURS), tzinfo=PARIS)

    def night(self, day: date) -> None:
        """What cron does at three o'clock, and a little later for what that left to do."""
        for minutes in (0, 20, 40):
            now = datetime.combine(day, time(3), tzinfo=PARIS) + timedelta(minutes=minutes)
            if minutes and not Job.objects.filter(state=State.WAITING, run_at__lte=now).exists():
                continue
            self.patch.setattr(clock, "now", lambda now=now: now)
            with suppress(
                CommandError
            ):  # exits with 1 where something waits for staff, which ``check`` looks at
                call_command("rgpd_run", stdout=StringIO(), stderr=StringIO())

    def sign_up(self, day: date) -> None:
        """A customer with an address, a birthday, a wish and a basket."""
        at = self.at(day)
        user = UserFactory(date_joined=at, last_login=at)
        people.contact(people.person_of(user, now=at).uuid, at=at)
        AddressFactory(user=user)
        RelativeBirthdayFactory(user=user)
        WishFactory(user=user, product=self.product)
        one = Customer(user.pk, day_of(at))
        self.years.customers.append(one)
        basket = BasketFactory(user=user, line__product=self.product)
        Basket.objects.filter(pk=basket.pk).update(created_at=at, updated_at=at)
        self.years.baskets[basket.pk] = Thing(one, day_of(at), BASKET)

    def order(self, day: date, who: Customer | None) -> None:
        """An order with payment and invoice, which arrives at once, some days later, or only after months."""
        at = self.at(day)
        fields = {"placed_at": at, "lines": 1, "lines__product": self.product}
        arrives = self.chance.choice([0, 0, 5, 12, 200])
        if arrives:
            fields |= {"open": True}
        made = (
            OrderFactory(customer=User.objects.get(pk=who.account), **fields)
            if who is not None
            else GuestOrderFactory(**fields)
        )
        PaymentFactory(order=made)
        make_invoice(made)
        Invoice.objects.filter(order=made).update(issued_on=day_of(at))
        self.years.sold[made.pk] = Sold(who, day_of(at), None if arrives else day_of(at))
        if arrives:
            self.coming.setdefault(day + timedelta(days=arrives), []).append(made.pk)
        if who is not None:
            self.see(who, at)

    def arrive(self, day: date) -> None:
        """Parcels arrive during the day."""
        for key in self.coming.pop(day, []):
            Order.objects.filter(pk=key).update(status=Status.DELIVERED, delivered_on=day, closed_on=day)
            self.years.sold[key].closed = day
            late = Job.objects.filter(name=LATE, state=State.NEEDS)
            retry(late, now=datetime.combine(day, time(18), tzinfo=PARIS))  # staff looked after what was late

    def write(self, day: date, who: Customer | None) -> None:
        """A message through the contact form, with or without an account."""
        at = self.at(day)
        user = User.objects.get(pk=who.account) if who else None
        made = ContactMessageFactory(user=user, received_at=at)
        self.years.messages[made.pk] = Thing(who, day_of(at), MESSAGE)

    def see(self, who: Customer, at: datetime) -> None:
        """She logs in: her account's term begins again."""
        person = people.users_person(who.account)
        assert person is not None
        people.contact(person.uuid, at=at)
        who.seen = max(who.seen, day_of(at))

    def leave(self, day: date, who: Customer) -> None:
        """She deletes her account."""
        at = datetime.combine(day, time(15), tzinfo=PARIS)
        person = people.users_person(who.account)
        assert person is not None
        erase(person, how="account", now=at)
        who.left = day

    def living(self, day: date) -> list[Customer]:
        """Who has an account on ``day``."""
        return [one for one in self.years.customers if not gone(one.over, day)]

    def live(self, day: date) -> bool:
        """What people do on one day; says whether anything happened."""
        acts: list[Callable[[], None]] = []
        living = self.living(day)
        if day in self.coming:
            acts.append(lambda: self.arrive(day))
        if self.happens(a_year=7):
            acts.append(lambda: self.sign_up(day))
        if living and self.happens(a_year=7):
            acts.append(lambda: self.order(day, self.chance.choice(living)))
        if self.happens(a_year=4):
            acts.append(lambda: self.order(day, None))
        if self.happens(a_year=4):
            acts.append(lambda: self.write(day, self.chance.choice([None, *living])))
        if living and self.happens(a_year=4):
            acts.append(lambda: self.see(self.chance.choice(living), self.at(day)))
        if living and self.happens(a_year=1):
            acts.append(lambda: self.leave(day, self.chance.choice(living)))
        for act in acts:
            act()
        return bool(acts)

    def happens(self, *, a_year: float) -> bool:
        """Whether something happens today that happens so often a year in a shop of the usual bustle."""
        return self.chance.random() < a_year * self.bustle / 365

    def check(self, today: date) -> None:
        """The shop's rows are those that the plain telling expects after the night of ``today``."""
        years = self.years
        for pk, name, customer, email in Order.objects.values_list("pk", "name", "customer", "guest_email"):
            told = years.sold[pk]
            here = not gone(told.name_goes, today)
            assert bool(name) == here, (today, "order", told, told.name_goes)
            assert bool(customer or email) == here, (today, "order's buyer", told)
        for pk, stripe in Payment.objects.values_list("order", "stripe_customer"):
            told = years.sold[pk]
            assert bool(stripe) == (not gone(told.payment_goes, today)), (today, "payment", told)
        books = {pk for pk, told in years.sold.items() if not gone(told.invoice_goes, today)}
        assert set(Invoice.objects.values_list("order", flat=True)) == books, (today, "invoices")
        for model, things in ((ContactMessage, years.messages), (Basket, years.baskets)):
            kept = {pk for pk, told in things.items() if not gone(told.goes, today)}
            assert set(model.objects.values_list("pk", flat=True)) == kept, (today, model)
        assert set(User.objects.values_list("pk", flat=True)) == years.accounts(today), (today, "accounts")
        waiting = Job.objects.filter(state=State.NEEDS).exclude(name=LATE)
        assert not waiting.exists(), (today, list(waiting.values("name", "note")))


def _days() -> Iterator[date]:
    day = BEGINNING
    while day < END:
        yield day
        day += timedelta(days=1)


def _live(shop: Shop, *, every_night: bool) -> int:
    """Live all days; every night is run, or those around which something has to go. Returns how many nights there were."""
    nights, turning = 0, set[date]()
    for day in _days():
        near = any(day - timedelta(days=ago) in turning for ago in (-1, 0, 1))
        if every_night or near or day.toordinal() % 60 == 0:
            shop.night(day)
            shop.check(day)
            nights += 1
        if shop.live(day):
            turning = shop.years.turning()
    return nights


def _promised(shop: Shop) -> None:
    """The years had all of it in them."""
    assert any(one.left for one in shop.years.customers)
    assert any(one.buyer is None for one in shop.years.sold.values())
    assert any(one.invoice_goes < END for one in shop.years.sold.values())
    assert mail.outbox


@pytest.mark.django_db
@pytest.mark.timeout(400)
@pytest.mark.promise("P51")
@pytest.mark.fault("Q07")
def test_a_few_customers_of_eleven_years_lose_each_thing_on_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nights around which something has to go, and one in sixty of the others."""
    shop = Shop(2027, monkeypatch, bustle=0.2)

    _live(shop, every_night=False)

    _promised(shop)


@pytest.mark.nightly
@pytest.mark.django_db(transaction=True)  # PostgreSQL cannot tidy up behind one transaction of eleven years
@pytest.mark.timeout(3600)
@pytest.mark.promise("P51")
@pytest.mark.fault("Q07")
def test_eleven_years_end_with_each_term_kept_to_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every night; orders, payments, invoices, messages, baskets and accounts; late parcels, and people who leave."""
    shop = Shop(2027, monkeypatch)

    assert _live(shop, every_night=True) > 4_000

    assert len(shop.years.sold) > 50
    _promised(shop)
