"""Who is a customer: whoever paid an order lately, as the shop's declarations of ``Sales`` tell it."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from django_rgpd.policy import Term
from django_rgpd.registry import sales
from django_rgpd.registry.conditions import any_of
from django_rgpd.registry.models import Person


def bought_within(person: Person, within: Term, *, now: datetime) -> bool:
    """Whether ``person`` paid an order of which ``within`` is not over: an account without one is no
    customer's.
    """
    return Person.objects.filter(any_bought("uuid", within, now=now), pk=person.pk).exists()


def any_bought(uuid: str, within: Term, *, now: datetime) -> Q:
    """The same of the person whom the column ``uuid`` of a row names, as a condition of the row."""
    each = sales.buyers(within, now=now)
    return any_of(*(Q(Exists(buyers.filter(uuid=OuterRef(uuid)))) for buyers in each))
