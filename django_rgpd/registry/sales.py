"""Who bought and when, by the columns declared as ``Sales``: what ``Customer(within=…)`` and LAST_SALE ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import (
    BigIntegerField,
    CharField,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.functions import Cast, Lower

from django_rgpd.core import clock, conf
from django_rgpd.registry.conditions import all_of, any_of, on_row
from django_rgpd.registry.days import after_day, until_day
from django_rgpd.registry.expressions import address_text, key_text
from django_rgpd.registry.matching import limited, matching, no_account, only, who_of
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.paths import Path, follow
from django_rgpd.registry.site import registry
from django_rgpd.registry.who import PHONE

if TYPE_CHECKING:
    from django_rgpd.policy.terms import Term
    from django_rgpd.registry.declaration import Sales
    from django_rgpd.registry.site import Entry

BY_ADDRESS = {"email": "addresses__canonical", "phone": "addresses__canonical"}


def here() -> QuerySet[Person]:
    """The people of this site: the index on account keys begins with it."""
    return Person.objects.filter(site=conf.get().SITE)


def customers(entry: Entry, role: str, within: Term, *, now: datetime) -> Q:
    """Rows of ``entry`` whose person in ``role`` paid an order of which ``within`` is not over."""
    return bought(entry, role, _not_over(within, now))


def buyers(within: Term, *, now: datetime) -> list[QuerySet[Person]]:
    """People who paid an order of which ``within`` is not over: a query set for each model that declares ``Sales``."""
    return [_buyers(seller, rows) for seller, rows in _sales(_not_over(within, now))]


def _not_over(within: Term, now: datetime) -> Callable[[Entry, Sales], Q]:
    if within.endless:
        return lambda seller, sales: Q(**{f"{sales.paid_at}__isnull": False})
    day = within.cutoff(clock.legal_day(now))
    return lambda seller, sales: after_day(seller.model, sales.paid_at, day)


def bought_after(entry: Entry, role: str, day: date) -> Q:
    """Rows whose person paid an order on a later day than ``day``."""
    return bought(entry, role, lambda seller, sales: after_day(seller.model, sales.paid_at, day))


def bought_until(entry: Entry, role: str, day: date) -> Q:
    """Rows whose person paid an order on ``day`` or earlier."""
    return bought(entry, role, lambda seller, sales: until_day(seller.model, sales.paid_at, day))


def bought(entry: Entry, role: str, when: Callable[[Entry, Sales], Q]) -> Q:
    """Rows whose person in ``role`` has a sale of which ``when`` is true.

    The buyer is the same person by account; by address where neither row has an account; or by what ``Person`` ties together,
    so that a guest order counts for the account that proved its address.
    """
    limit = limited(entry, role)
    found: list[Q] = []
    for seller, rows in _sales(when):
        found += _directly(entry, role, seller, rows)
        found.append(
            matching(entry, role, _buyers(seller, rows), user="user_key", addresses=BY_ADDRESS, person="uuid")
        )
    return all_of(limit, any_of(*found))


def _sales(when: Callable[[Entry, Sales], Q]) -> Iterator[tuple[Entry, QuerySet[Any]]]:
    for seller in registry:
        sales = seller.declaration.sales
        if sales is not None:
            rows = seller.model._base_manager.order_by().filter(when(seller, sales))
            where = all_of(only(seller.model, sales.where), limited(seller, seller.main_role))
            yield seller, rows.filter(where)


def _directly(entry: Entry, role: str, seller: Entry, rows: QuerySet[Any]) -> Iterator[Q]:
    who, buyer = who_of(entry, role), who_of(seller, seller.main_role)
    if who.user and buyer.user:
        row, sale = follow(entry.model, who.user), follow(seller.model, buyer.user)
        if _text(row) == _text(sale):
            same = rows.filter(**{sale.key: OuterRef(row.key)})
        elif _text(row):
            same = rows.alias(rgpd_key=key_text(sale.key, sale.key_field)).filter(rgpd_key=OuterRef(row.key))
        else:
            same = rows.filter(**{sale.key: key_text(OuterRef(row.key), row.key_field)})
        yield on_row(entry.model, Q(Exists(same)))
    for kind, text in who.addresses.items():
        theirs = buyer.addresses.get(kind)
        if theirs:
            same = _guests(seller, kind, theirs, rows).filter(rgpd_address=address_text(kind, OuterRef(text)))
            yield all_of(no_account(entry, role), on_row(entry.model, Q(Exists(same))))


def _buyers(seller: Entry, rows: QuerySet[Any]) -> QuerySet[Person]:
    buyer = who_of(seller, seller.main_role)
    ways: list[Q] = []
    if buyer.user:
        ways.append(_bought_by_account(follow(seller.model, buyer.user), rows))
    for kind, text in buyer.addresses.items():
        # SQLite uses an index on LOWER(…) only beside something that has no type either: Lower() once more.
        sold = _guests(seller, kind, text, rows).filter(rgpd_address=Lower(OuterRef("canonical")))
        ways.append(Q(Exists(_hers(kind).filter(Exists(sold)))))
    if buyer.person:
        sold_to = rows.values(buyer.person)
        merged = Person.objects.filter(merged_into=OuterRef("uuid"), uuid__in=sold_to)
        ways += [Q(uuid__in=sold_to), Q(Exists(merged))]
    return here().filter(any_of(*ways))


def _hers(kind: str) -> QuerySet[Address]:
    """The addresses that a person proved: those that ended too, unless somebody else has proven them since."""
    taken = Address.objects.filter(
        canonical=OuterRef("canonical"), proven_at__isnull=False, until__isnull=True
    ).exclude(person=OuterRef("person"))
    return Address.objects.filter(
        Q(until__isnull=True) | ~Exists(taken),
        person=OuterRef("pk"),
        kind=kind,
        proven_at__isnull=False,
        canonical__isnull=False,
    )


def _bought_by_account(sale: Path, rows: QuerySet[Any]) -> Q:
    """Asked from the person's side, so that the index on the sale's key serves; keys that are no number are compared as text."""
    if isinstance(sale.key_field, IntegerField):
        return Q(Exists(rows.filter(**{sale.key: Cast(OuterRef("user_key"), BigIntegerField())})))
    sold = rows.filter(**{f"{sale.key}__isnull": False}).alias(rgpd_key=key_text(sale.key, sale.key_field))
    return Q(user_key__in=sold.values("rgpd_key"))


def _guests(seller: Entry, kind: str, text: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Sales without an account, with their address as ``rgpd_address``: as ``Lower()`` alone, which shops have an index on."""
    spelled = address_text(kind, text) if kind == PHONE else Lower(text)
    without: QuerySet[Any] = rows.filter(no_account(seller, seller.main_role))
    found: QuerySet[Any] = without.alias(rgpd_address=spelled)
    return found


def _text(path: Path) -> bool:
    return isinstance(path.key_field, CharField | TextField)
