"""What is not settled yet, by the shop's own columns: an amount that is disputed or unpaid (art. 17.3 e)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django_rgpd.core import clock
from django_rgpd.registry.conditions import all_of, any_of, not_, on_row
from django_rgpd.registry.days import until_day
from django_rgpd.registry.declaration import Unsettled
from django_rgpd.registry.followed import followed, on_followed

if TYPE_CHECKING:
    from django.db.models import Q

    from django_rgpd.registry.site import Entry


def unsettled(entry: Entry, purposes: Collection[str], *, now: datetime) -> Q:
    """Rows of ``entry`` that keep what serves ``purposes``, for something is not settled: their own, or of a row they follow."""
    return any_of(*(condition for _declared, condition in each(entry, purposes, now=now)))


def each(entry: Entry, purposes: Collection[str], *, now: datetime) -> Iterator[tuple[Unsettled, Q]]:
    """The same for each declaration that says so, with what it says."""
    for path, far in followed(entry):
        declared = far.declaration.unsettled
        if isinstance(declared, Unsettled) and declared.concerns(purposes):
            yield declared, on_followed(entry, path, far, _standing(far, declared, now=now))


def _standing(entry: Entry, declared: Unsettled, *, now: datetime) -> Q:
    """Without the rows on which the claim is barred by now."""
    condition = on_row(entry.model, declared.condition)
    if declared.since is None or declared.at_most is None or declared.at_most.endless:
        return condition
    barred = until_day(entry.model, declared.since, declared.at_most.cutoff(clock.legal_day(now)))
    return all_of(condition, not_(on_row(entry.model, barred)))
