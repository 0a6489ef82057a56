"""Made-up people and what they do in the shop; the same on every machine, at addresses of example.com only.

``make_customer()`` gives one customer with everything that the shop can know of somebody.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
import factory.random
from django.utils.text import slugify
from factory.django import DjangoModelFactory

from django_rgpd.reviews.public_name import public_name
from example_shop.accounts.models import Address, RelativeBirthday, User
from example_shop.basket.models import Basket, BasketLine
from example_shop.catalogue.models import Category, Product
from example_shop.contact.models import ContactMessage
from example_shop.invoices.issue import issue
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order, OrderLine, Status
from example_shop.payments.models import Payment, PaymentStatus
from example_shop.reviews.models import Review, ReviewStatus
from example_shop.wishes.models import Wish

PASSWORD = "lampions-et-confettis"  # noqa: S105 - what every made-up customer logs in with
DAY = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
"""When things happen that are not told otherwise."""


def seed(number: int = 2026) -> None:
    """Have the made-up names and texts begin again at the same ones."""
    factory.random.reseed_random(number)


class CategoryFactory(DjangoModelFactory[Category]):
    """A shelf."""

    class Meta:
        model = Category
        django_get_or_create = ("slug",)

    name = "Candles"
    slug = factory.LazyAttribute(lambda one: slugify(one.name))


class ProductFactory(DjangoModelFactory[Product]):
    """A thing for sale."""

    class Meta:
        model = Product

    name = factory.Sequence(lambda n: f"Paper lantern no. {n}")
    slug = factory.LazyAttribute(lambda one: slugify(one.name))
    description = "Folds flat, glows warm."
    price = Decimal("12.90")
    category = factory.SubFactory(CategoryFactory)


class UserFactory(DjangoModelFactory[User]):
    """A customer without anything else."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    first_name = factory.Faker("first_name", locale="fr_FR")
    last_name = factory.Faker("last_name", locale="fr_FR")
    email = factory.Sequence(lambda n: f"customer-{n:05d}@example.com")
    phone = factory.Sequence(lambda n: f"+33 6 39 98 {n // 100 % 100:02d} {n % 100:02d}")
    birth_date = date(1984, 5, 17)
    language = "en"
    date_joined = DAY - timedelta(days=300)
    last_login = DAY
    password = factory.django.Password(PASSWORD)


class AddressFactory(DjangoModelFactory[Address]):
    """Where a customer has things sent to."""

    class Meta:
        model = Address

    user = factory.SubFactory(UserFactory)
    name = factory.LazyAttribute(lambda one: one.user.get_full_name())
    street = factory.Sequence(lambda n: f"{n + 1} rue des Guirlandes")
    postcode = "69004"
    city = "Lyon"
    country = "FR"
    phone = factory.SelfAttribute("user.phone")


class RelativeBirthdayFactory(DjangoModelFactory[RelativeBirthday]):
    """Somebody else's birthday."""

    class Meta:
        model = RelativeBirthday

    user = factory.SubFactory(UserFactory)
    name = factory.Faker("first_name", locale="fr_FR")
    date = date(2019, 9, 3)


class BasketFactory(DjangoModelFactory[Basket]):
    """A basket with one line."""

    class Meta:
        model = Basket
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    line = factory.RelatedFactory("example_shop.factories.BasketLineFactory", factory_related_name="basket")


class BasketLineFactory(DjangoModelFactory[BasketLine]):
    """One product of a basket."""

    class Meta:
        model = BasketLine

    basket = factory.SubFactory(BasketFactory, line=None)
    product = factory.SubFactory(ProductFactory)
    quantity = 2


class OrderFactory(DjangoModelFactory[Order]):
    """A customer's delivered order with two lines; ``gift=True`` sends it to somebody else."""

    class Meta:
        model = Order
        skip_postgeneration_save = True

    class Params:
        gift = factory.Trait(
            gift_email=factory.Sequence(lambda n: f"recipient-{n:05d}@example.com"),
            gift_name=factory.Faker("name", locale="fr_FR"),
            gift_street=factory.Sequence(lambda n: f"{n + 1} allée des Surprises"),
            gift_postcode="33000",
            gift_city="Bordeaux",
            gift_message="Bon anniversaire, à très vite pour les bougies !",
        )
        open = factory.Trait(
            status=Status.PAID,
            delivered_on=None,
            closed_on=None,
            expected_on=factory.LazyAttribute(lambda one: (one.placed_at + timedelta(days=10)).date()),
        )

    number = factory.Sequence(lambda n: f"R{n + 1:08d}")
    customer = factory.SubFactory(UserFactory)
    guest_email = ""
    name = factory.LazyAttribute(lambda one: one.customer.get_full_name() if one.customer else "")
    street = factory.Sequence(lambda n: f"{n + 1} rue des Guirlandes")
    postcode = "69004"
    city = "Lyon"
    country = "FR"
    phone = factory.LazyAttribute(lambda one: one.customer.phone if one.customer else "")
    delivery_note = factory.Sequence(lambda n: f"Door code {4000 + n}B, second floor on the left")
    status = Status.DELIVERED
    placed_at = DAY
    paid_at = factory.SelfAttribute("placed_at")
    expected_on = factory.LazyAttribute(lambda one: (one.placed_at + timedelta(days=4)).date())
    delivered_on = factory.LazyAttribute(lambda one: (one.placed_at + timedelta(days=4)).date())
    closed_on = factory.SelfAttribute("delivered_on")
    terms_accepted_on = factory.LazyAttribute(lambda one: one.placed_at.date())
    total = Decimal("38.70")
    fraud_score = 7

    @factory.post_generation
    def lines(self, create: bool, extracted: int | None, **kwargs: Any) -> None:
        """Two lines, or as many as told."""
        if create:
            for _ in range(2 if extracted is None else extracted):
                OrderLineFactory(order=self, **kwargs)


class GuestOrderFactory(OrderFactory):
    """An order of somebody without an account."""

    customer = None
    guest_email = factory.Sequence(lambda n: f"guest-{n:05d}@example.com")
    name = factory.Faker("name", locale="fr_FR")
    phone = "+33 6 39 98 77 66"


class OrderLineFactory(DjangoModelFactory[OrderLine]):
    """One product of an order."""

    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory, lines=0)
    product = factory.SubFactory(ProductFactory)
    name = factory.SelfAttribute("product.name")
    quantity = 1
    unit_price = factory.SelfAttribute("product.price")


class PaymentFactory(DjangoModelFactory[Payment]):
    """A payment that went through."""

    class Meta:
        model = Payment

    order = factory.SubFactory(OrderFactory)
    stripe_customer = factory.Sequence(lambda n: f"cus_Demo{n:010d}")
    stripe_payment_intent = factory.Sequence(lambda n: f"pi_Demo{n:014d}")
    amount = factory.SelfAttribute("order.total")
    status = PaymentStatus.SUCCEEDED
    created_at = factory.SelfAttribute("order.placed_at")
    counts_from = factory.SelfAttribute("created_at")


class ReviewFactory(DjangoModelFactory[Review]):
    """A published review."""

    class Meta:
        model = Review

    product = factory.SubFactory(ProductFactory)
    author = factory.SubFactory(UserFactory)
    public_name = factory.LazyAttribute(lambda one: _public(one.author))
    title = "Just as it looked"
    text = factory.Faker("paragraph", nb_sentences=3)
    rating = 5
    created_at = DAY + timedelta(days=20)
    experienced_on = (DAY + timedelta(days=6)).date()
    publish_consent = True
    status = ReviewStatus.PUBLISHED


class WishFactory(DjangoModelFactory[Wish]):
    """One product on a wish list."""

    class Meta:
        model = Wish

    user = factory.SubFactory(UserFactory)
    product = factory.SubFactory(ProductFactory)
    created_at = DAY
    note = "For the garden party"


class ContactMessageFactory(DjangoModelFactory[ContactMessage]):
    """A message with an account behind it; ``user=None`` for somebody without."""

    class Meta:
        model = ContactMessage

    user = factory.SubFactory(UserFactory)
    name = factory.LazyAttribute(lambda one: one.user.get_full_name() if one.user else "Camille Martin")
    email = factory.LazyAttribute(lambda one: one.user.email if one.user else "camille@example.com")
    subject = "A question about an order"
    text = factory.Faker("paragraph", nb_sentences=2)
    received_at = DAY


def make_invoice(order: Order | None = None) -> Invoice:
    """The invoice of ``order`` (a new one by default), with its PDF, issued on the day of the order."""
    order = order or OrderFactory()
    return issue(order, on=order.placed_at.date())


def make_customer(*, orders: int = 2, products: list[Product] | None = None, **fields: Any) -> User:
    """A customer with everything that the shop can know of somebody.

    An address, a birthday, a basket, ``orders`` (the last one a gift) with invoices and payments, a review,
    a wish and a message. ``fields`` are the account's.
    """
    user = UserFactory(**fields)
    goods = products or [ProductFactory(), ProductFactory()]
    AddressFactory(user=user)
    RelativeBirthdayFactory(user=user)
    BasketLineFactory(basket__user=user, product=goods[0])
    for index in range(orders):
        made = OrderFactory(
            customer=user,
            gift=index == orders - 1,
            placed_at=DAY - timedelta(days=40 * (orders - 1 - index)),
            lines=1,
            lines__product=goods[index % len(goods)],
        )
        PaymentFactory(order=made)
        make_invoice(made)
    ReviewFactory(author=user, product=goods[0])
    WishFactory(user=user, product=goods[-1])
    ContactMessageFactory(user=user)
    return user


def make_guest(email: str = "", *, orders: int = 1, invoiced: bool = True, **fields: Any) -> list[Order]:
    """Orders of one guest, with payments and (unless told otherwise) invoices."""
    made = []
    for _ in range(orders):
        order = GuestOrderFactory(**({"guest_email": email} if email else {}), **fields)
        email = order.guest_email
        PaymentFactory(order=order)
        if invoiced:
            make_invoice(order)
        made.append(order)
    return made


def _public(author: User | None) -> str:
    if author is None:
        return ""
    return public_name(author.first_name, author.last_name)
