"""Who is a customer: whoever paid an order lately, as the shop's declarations of ``Sales`` tell it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, Q

from django_rgpd.core import clock
from django_rgpd.policy import Term
from django_rgpd.registry import people, sales, scope
from django_rgpd.registry.conditions import any_of
from django_rgpd.registry.models import Person
from django_rgpd.registry.site import registry


def bought_within(person: Person, within: Term, *, now: datetime) -> bool:
    """Whether ``person`` paid an order of which ``within`` is not over: an account without one is no
    customer's.
    """
    return Person.objects.filter(any_bought("uuid", within, now=now), pk=person.pk).exists()


def bought_among(persons: Collection[Person], within: Term, *, now: datetime) -> set[UUID]:
    """Who of ``persons`` paid such an order: one query, however many they are."""
    hers = Person.objects.filter(any_bought("uuid", within, now=now), pk__in=[one.pk for one in persons])
    return set(hers.values_list("uuid", flat=True))


def any_bought(uuid: str, within: Term, *, now: datetime) -> Q:
    """The same of the person whom the column ``uuid`` of a row names, as a condition of the row."""
    each = sales.buyers(within, now=now)
    return any_of(*(Q(Exists(buyers.filter(uuid=OuterRef(uuid)))) for buyers in each))


def last_sale(person: Person) -> date | None:
    """The legal day of the last order that ``person`` paid, to tell her why she is written to."""
    subject = people.subject(person)
    found = []
    for entry in registry:
        sold = entry.declaration.sales
        if sold is None:
            continue
        rows = scope.rows(entry, entry.main_role, subject)
        if sold.where is not None:
            rows = rows.filter(sold.where)
        last = rows.aggregate(last=Max(sold.paid_at))["last"]
        if last is not None:
            found.append(clock.legal_day(last) if isinstance(last, datetime) else last)
    return max(found, default=None)
