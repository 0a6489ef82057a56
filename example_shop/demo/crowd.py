"""Any number of customers with their orders, written in batches: what a grown shop's tables look like."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from faker import Faker

from example_shop.accounts.models import Address, RelativeBirthday, User
from example_shop.catalogue.models import Product
from example_shop.contact.models import ContactMessage
from example_shop.invoices.issue import issue_many
from example_shop.orders.models import Order, OrderLine, Status
from example_shop.payments.models import Payment, PaymentStatus
from example_shop.wishes.models import Wish

BATCH = 500
SPAN = timedelta(days=1000)
"""How long the shop has existed."""
ORDERS_EACH = 2
DOCUMENTS_UP_TO = 500
"""Customers up to whose number the invoices have their PDFs."""


@dataclass(slots=True)
class Crowd:
    """Makes customers and orders; ``told(n)`` is called for every ``n`` rows made."""

    size: int
    products: Sequence[Product]
    password: str
    now: datetime
    told: Callable[[int], object]
    fake: Faker = field(default_factory=lambda: Faker("fr_FR"))
    dice: random.Random = field(default_factory=lambda: random.Random(2026))
    users: list[User] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows ``told`` hears of."""
        return self.size * (1 + ORDERS_EACH)

    def make(self) -> list[User]:
        """Customers in the order in which they came, then orders in the order of their days."""
        self.fake.seed_instance(2026)
        for part in _parts(self.size):
            self._customers(part)
        for part in _parts(self.size * ORDERS_EACH):
            self._orders(part)
        return self.users

    @transaction.atomic
    def _customers(self, part: range) -> None:
        users = User.objects.bulk_create(self._customer(index) for index in part)
        self.users.extend(users)
        Address.objects.bulk_create(self._address(user) for user in users)
        RelativeBirthday.objects.bulk_create(
            RelativeBirthday(user=user, name=self.fake.first_name(), date=self.fake.date_of_birth())
            for user in users[::4]
        )
        Wish.objects.bulk_create(
            Wish(user=user, product=self.dice.choice(self.products), created_at=user.date_joined)
            for user in users[::2]
        )
        ContactMessage.objects.bulk_create(
            ContactMessage(
                user=user,
                name=user.get_full_name(),
                email=user.email,
                subject="About my order",
                text=self.fake.paragraph(),
                received_at=self.now - timedelta(days=self.dice.randrange(1, 300)),
            )
            for user in users[::6]
        )
        self.told(len(users))

    def _customer(self, index: int) -> User:
        joined = self.now - SPAN + SPAN * index / max(self.size, 1)
        return User(
            email=f"customer-{index:05d}@example.com",
            password=self.password,
            first_name=self.fake.first_name(),
            last_name=self.fake.last_name(),
            phone=f"+33 6 39 98 {index // 100 % 100:02d} {index % 100:02d}",
            birth_date=self.fake.date_of_birth(minimum_age=18, maximum_age=80),
            language=self.dice.choice(["en", "fr", "fr"]),
            date_joined=joined,
            last_login=min(self.now, joined + timedelta(days=self.dice.randrange(400))),
        )

    def _address(self, user: User) -> Address:
        return Address(
            user=user,
            name=user.get_full_name(),
            street=self.fake.street_address(),
            postcode=self.fake.postcode(),
            city=self.fake.city(),
            phone=user.phone,
        )

    @transaction.atomic
    def _orders(self, part: range) -> None:
        orders = [self._order(index) for index in part]
        lines = [line for order in orders for line in self._lines(order)]
        Order.objects.bulk_create(orders)
        OrderLine.objects.bulk_create(lines, batch_size=BATCH)
        Payment.objects.bulk_create(self._payment(order) for order in orders)
        issue_many(orders, with_documents=self.size <= DOCUMENTS_UP_TO)
        self.told(len(orders))

    def _order(self, index: int) -> Order:
        share = (index + 1) / (self.size * ORDERS_EACH)
        placed = self.now - SPAN + SPAN * share - timedelta(hours=2)
        status = Status.DELIVERED if placed < self.now - timedelta(days=5) else Status.SHIPPED
        arrived = (placed + timedelta(days=4)).date()
        order = Order(
            number=f"R{placed:%y%m}-{index:06d}",
            status=status,
            placed_at=placed,
            paid_at=placed,
            expected_on=arrived,
            delivered_on=arrived if status == Status.DELIVERED else None,
            closed_on=arrived if status == Status.DELIVERED else None,
            terms_accepted_on=placed.date(),
            total=Decimal(0),
            fraud_score=self.dice.randrange(20),
        )
        self._buyer(order, share)
        if index % 7 == 3:
            self._present(order, index)
        return order

    def _buyer(self, order: Order, share: float) -> None:
        """Somebody who was a customer by then; one in five buys as a guest."""
        if self.dice.random() < 0.2:
            order.guest_email = f"guest-{self.dice.randrange(self.size * 10):06d}@example.com"
            order.name = self.fake.name()
        else:
            order.customer = self.users[self.dice.randrange(max(1, int(share * self.size)))]
            order.name, order.phone = order.customer.get_full_name(), order.customer.phone
        order.street, order.country = self.fake.street_address(), "FR"
        order.postcode, order.city = self.fake.postcode(), self.fake.city()
        if self.dice.random() < 0.3:
            order.delivery_note = f"Door code {self.dice.randrange(1000, 9999)}"

    def _present(self, order: Order, index: int) -> None:
        order.gift_email = f"recipient-{index:06d}@example.com"
        order.gift_name, order.gift_street = self.fake.name(), self.fake.street_address()
        order.gift_postcode, order.gift_city = self.fake.postcode(), self.fake.city()
        order.gift_message = "Bon anniversaire !"

    def _lines(self, order: Order) -> list[OrderLine]:
        bought = self.dice.sample(list(self.products), self.dice.randrange(1, 4))
        lines = [
            OrderLine(
                order=order,
                product=product,
                name=product.name,
                quantity=self.dice.randrange(1, 4),
                unit_price=product.price,
            )
            for product in bought
        ]
        order.total = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
        return lines

    def _payment(self, order: Order) -> Payment:
        return Payment(
            order=order,
            stripe_customer=f"cus_{self.dice.getrandbits(56):014x}",
            stripe_payment_intent=f"pi_{self.dice.getrandbits(96):024x}",
            amount=order.total,
            status=PaymentStatus.SUCCEEDED,
            created_at=order.placed_at,
            counts_from=order.placed_at,
        )


def _parts(size: int) -> Iterator[range]:
    return (range(start, min(start + BATCH, size)) for start in range(0, size, BATCH))
