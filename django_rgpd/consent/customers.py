"""Who is a customer: the person's last sale, as the shop's declarations tell it."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Max

from django_rgpd.core import clock
from django_rgpd.policy import Term
from django_rgpd.registry import people, scope
from django_rgpd.registry.models import Person
from django_rgpd.registry.site import registry


def bought_within(person: Person, within: Term, *, now: datetime) -> bool:
    """Whether ``person`` paid an order of which ``within`` is not over: an account without one is no
    customer's.
    """
    last = last_sale(person)
    return last is not None and (within.endless or within.due(last) > clock.legal_day(now))


def last_sale(person: Person) -> date | None:
    """The legal day of the last order that ``person`` paid, by the columns declared as ``Sales``."""
    subject = people.subject(person)
    found = []
    for entry in registry:
        sales = entry.declaration.sales
        if sales is None:
            continue
        rows = scope.rows(entry, entry.main_role, subject)
        if sales.where is not None:
            rows = rows.filter(sales.where)
        last = rows.aggregate(last=Max(sales.paid_at))["last"]
        if last is not None:
            found.append(clock.legal_day(last) if isinstance(last, datetime) else last)
    return max(found, default=None)
