"""Fills the shop: goods, the people whom the demonstration names, and a crowd."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.db import transaction
from tqdm import tqdm

from django_rgpd.consent import decisions
from django_rgpd.registry import people
from example_shop import factories
from example_shop.accounts.models import User
from example_shop.catalogue.models import Product
from example_shop.demo.crowd import Crowd
from example_shop.demo.goods import stock
from example_shop.demo.marketing import marketer
from example_shop.factories import PASSWORD
from example_shop.orders.models import Order
from example_shop.reviews.models import Review, ReviewStatus
from example_shop.reviews.write import name_shown

CUSTOMER = "camille@example.com"
STAFF = "staff@example.com"
DPO = "dpo@example.com"
QUIET = "alix@example.com"

KNOWN_UP_TO = 300
"""How many of the crowd have clicked on links, reviewed, signed up: each is a decision of its own."""

OPINIONS = [
    (5, "Just as it looked", "It arrived in time and made the evening. We will keep it for the next one."),
    (4, "Lovely colours", "A little smaller than I thought, but everybody asked where it came from."),
    (5, "The children loved it", "Nothing broke, nothing was left over, and tidying up took ten minutes."),
    (3, "Nice, slow to arrive", "Good quality. The parcel took a day longer than announced."),
]


def fill(customers: int, *, now: datetime) -> None:
    """Make ``customers`` customers (two at least), those whom the demonstration names among them, and who works for the shop."""
    factories.seed()
    products = stock()
    password = make_password(PASSWORD)
    with tqdm(total=0, unit=" rows", desc="Filling the shop", disable=None) as bar:
        crowd = Crowd(max(customers - 2, 0), products, password, now, bar.update)
        bar.total = crowd.rows + min(crowd.size, KNOWN_UP_TO) + 5
        for make in (_camille, _alix, _staff, _dpo, marketer):
            make(password, now=now, products=products)
            bar.update(1)
        for index, user in enumerate(crowd.make()[:KNOWN_UP_TO]):
            _known(user, index, products, now=now)
            bar.update(1)


@transaction.atomic
def _known(user: User, index: int, products: Sequence[Product], *, now: datetime) -> None:
    """Somebody who has proven her address; some review, some want the newsletter."""
    person = people.person_of(user, now=now, language=user.language)
    address = people.note("email", user.email, person=person, now=now)
    people.prove(address, how="click", now=now)
    people.contact(person.uuid, at=user.last_login or user.date_joined)
    if index % 3 == 0:
        _review(user, products[index % len(products)], OPINIONS[index // 3 % len(OPINIONS)], now=now)
    if index % 4 == 0:
        asked = now - timedelta(days=30)
        decisions.confirm(person, "newsletter", "email", how="newsletter form", now=now, asked_at=asked)


def _review(user: User, product: Product, opinion: tuple[int, str, str], *, now: datetime) -> None:
    rating, title, text = opinion
    Review.objects.create(
        product=product,
        author=user,
        public_name=name_shown(user),
        rating=rating,
        title=title,
        text=text,
        created_at=now - timedelta(days=20),
        experienced_on=(now - timedelta(days=25)).date(),
        publish_consent=True,
        status=ReviewStatus.PUBLISHED,
    )
    decisions.give(people.person_of(user, now=now), "reviews", "", how="review form", now=now)


@transaction.atomic
def _camille(password: str, *, now: datetime, products: Sequence[Product]) -> None:
    """The customer to log in as: orders, one on its way, a present, a guest order from before the account."""
    user = factories.UserFactory(email=CUSTOMER, first_name="Camille", last_name="Fontaine", password=None)
    User.objects.filter(pk=user.pk).update(password=password, date_joined=now - timedelta(days=400))
    user.refresh_from_db()
    factories.AddressFactory(user=user)
    factories.RelativeBirthdayFactory(user=user, name="Jules")
    factories.WishFactory(user=user, product=products[7], created_at=now - timedelta(days=12))
    factories.ContactMessageFactory(user=user, received_at=now - timedelta(days=50))
    factories.BasketLineFactory(basket__user=user, product=products[3])
    as_guest = {"customer": None, "guest_email": CUSTOMER, "name": "Camille Fontaine", "phone": user.phone}
    made = [
        _order(products[1], now - timedelta(days=420), **as_guest),
        _order(products[5], now - timedelta(days=350), customer=user),
        _order(products[8], now - timedelta(days=60), customer=user, gift=True),
        _order(products[0], now - timedelta(days=1), customer=user, open=True),
    ]
    for order in made:
        factories.PaymentFactory(order=order)
        factories.make_invoice(order)
    _known(user, 1, products, now=now)
    _review(user, products[5], OPINIONS[0], now=now)


@transaction.atomic
def _alix(password: str, *, now: datetime, products: Sequence[Product]) -> None:
    """Somebody who was not heard of for nearly three years: in some weeks her offers end, and she is asked once by mail."""
    then = now - relativedelta(years=3) + timedelta(days=45)
    user = factories.UserFactory(email=QUIET, first_name="Alix", last_name="Marchand", password=None)
    User.objects.filter(pk=user.pk).update(password=password, date_joined=then, last_login=then)
    user.refresh_from_db()
    person = people.person_of(user, now=then, language=user.language)
    people.prove(people.note("email", QUIET, person=person, now=then), how="click", now=then)
    people.contact(person.uuid, at=then)
    decisions.give(person, "offers", "email", how="account", now=then)


def _order(product: Product, placed_at: datetime, **fields: Any) -> Order:
    return factories.OrderFactory(
        placed_at=placed_at, total=product.price, lines=1, lines__product=product, **fields
    )


def _staff(password: str, *, now: datetime, products: Sequence[Product]) -> None:
    """Somebody who may do everything in the admin."""
    user = User.objects.create_superuser(STAFF, first_name="Sacha", last_name="Renard")
    User.objects.filter(pk=user.pk).update(password=password)


def _dpo(password: str, *, now: datetime, products: Sequence[Product]) -> None:
    """The data-protection officer: everything of the library, and looking at the rest."""
    user = User.objects.create_user(DPO, is_staff=True, first_name="Dominique", last_name="Vidal")
    User.objects.filter(pk=user.pk).update(password=password)
    everything = Permission.objects.filter(content_type__app_label="django_rgpd")
    looking = Permission.objects.filter(codename__startswith="view_")
    user.user_permissions.set(everything | looking)
