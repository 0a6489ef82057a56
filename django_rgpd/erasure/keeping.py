"""Why something is kept for a while although she asked for erasure, in words that she can read (GDPR art. 17.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.registry.conditions import is_never
from django_rgpd.registry.holds import Standing, rows_held
from django_rgpd.registry.models import HoldKind
from django_rgpd.registry.unsettled import each

if TYPE_CHECKING:
    from django.db.models import Q

    from django_rgpd.registry import Entry, Personal
    from django_rgpd.registry.holds import Holds

UNSETTLED = "unsettled"
CLAIMS = gettext_lazy("GDPR art. 17.3 e")
OBLIGATION = gettext_lazy("GDPR art. 17.3 b")
RESTRICTED = gettext_lazy("GDPR art. 18")


@dataclass(frozen=True, slots=True)
class Cause:
    """What keeps rows: a kind of hold or ``UNSETTLED``, what a person reads of it, its law, and when it is looked at again."""

    kind: str
    reason: str
    law: str
    since: date | None = None
    review_on: date | None = None


def keeping(entry: Entry, personal: Personal, *, now: datetime, holds: Holds) -> Iterator[tuple[Cause, Q]]:
    """The causes that keep ``personal`` on some rows of ``entry``, each with its rows; staff's own reasons are not told."""
    purposes = personal.purpose_keys
    for declared, condition in each(entry, purposes, now=now):
        if not is_never(condition):
            yield Cause(UNSETTLED, str(declared.reason), str(CLAIMS)), condition
    alike: dict[Cause, list[Standing]] = {}
    for hold in holds:
        alike.setdefault(_cause(hold), []).append(hold)
    for cause, found in alike.items():
        condition = rows_held(entry, entry.role_of(personal), purposes, found)
        if not is_never(condition):
            yield cause, condition


def _cause(hold: Standing) -> Cause:
    words, law = {
        HoldKind.DISPUTE.value: (_("a dispute is not settled yet"), CLAIMS),
        HoldKind.UNPAID.value: (_("an amount is not paid yet"), CLAIMS),
        HoldKind.AUTHORITY.value: (_("an authority asked for it to be kept"), OBLIGATION),
        HoldKind.RESTRICTION.value: (_("it was asked that it be kept and not used"), RESTRICTED),
    }[hold.kind]
    return Cause(hold.kind, words, str(law), hold.since, hold.review_on)
