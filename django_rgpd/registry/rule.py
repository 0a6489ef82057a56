"""The rule: a value lives exactly as long as one of its purposes stands. Everything here is one condition in SQL.

A purpose stands for a row while it applies to the row, one of its bases holds, and its due day has not come; what an occasion
does to each basis is said by the bases themselves (``policy.bases``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import document
from django_rgpd.policy.bases import Basis, Occasion, Outcome
from django_rgpd.registry import agreed
from django_rgpd.registry.clocks import clock_path, due, last_due_start, term_over, until
from django_rgpd.registry.conditions import ALWAYS, NEVER, all_of, any_of, is_never, not_, on_row
from django_rgpd.registry.declaration import When
from django_rgpd.registry.holds import Holds, rows_held
from django_rgpd.registry.open_business import longest_open, open_rows, open_too_long, open_until
from django_rgpd.registry.sales import customers
from django_rgpd.registry.unsettled import unsettled

if TYPE_CHECKING:
    from django_rgpd.policy.purposes import Purpose
    from django_rgpd.registry.declaration import Personal
    from django_rgpd.registry.site import Entry

__all__ = [
    "ALWAYS",
    "NEVER",
    "applies",
    "clock_path",
    "due",
    "kept",
    "last_due_start",
    "longest_open",
    "open_rows",
    "open_too_long",
    "open_until",
    "purpose_of",
    "released",
    "stands",
    "term_over",
    "until",
]


def released(
    entry: Entry,
    personal: Personal,
    occasion: Occasion,
    *,
    now: datetime,
    about: Collection[str] | None = None,
    holds: Holds = (),
    found: Collection[str] = (),
) -> Q:
    """Rows of ``entry`` on which ``personal`` falls: none of its purposes stands, nothing is unsettled and nothing held.

    ``about``: the purposes that are withdrawn or objected to; the others are asked as on any day. Without it the occasion
    concerns them all. ``holds``: those that stand (``holds.standing``). ``found``: the purposes of what is found by the field
    (``leading``), where a hold for them keeps it as well.

    Raises ``Misconfigured`` for a field that serves no purpose: nothing is destroyed for want of a word.
    """
    if not personal.purposes:
        msg = f"{entry.label} ({entry.origin}): a personal field names no purpose; say what it is kept for."
        raise Misconfigured(msg)
    standing = (
        stands(entry, personal, one, _occasion(one, occasion, about), now=now) for one in personal.purposes
    )
    return not_(any_of(*standing, kept(entry, personal, now=now, holds=holds, found=found)))


def kept(entry: Entry, personal: Personal, *, now: datetime, holds: Holds, found: Collection[str] = ()) -> Q:
    """Rows on which ``personal`` stays whatever becomes of its purposes: something is unsettled or held (art. 17.3, 18.2)."""
    purposes = personal.purpose_keys
    return any_of(
        unsettled(entry, purposes, now=now),
        rows_held(entry, entry.role_of(personal), purposes, holds, found=found),
    )


def stands(
    entry: Entry,
    personal: Personal,
    purpose_ref: str | When,
    occasion: Occasion,
    *,
    now: datetime,
    active: bool = False,
) -> Q:
    """Rows of ``entry`` on which one purpose of ``personal`` stands when ``occasion`` comes at ``now``.

    ``active``: stands in everyday use, and not for the intermediate archive alone.
    """
    purpose = purpose_of(entry, purpose_ref)
    if active:
        purpose = purpose.while_active
    role = entry.role_of(personal)
    holds = any_of(
        *(
            _holds(entry, role, purpose, basis, occasion, now=now)
            for basis in purpose.bases
            if basis.holds_for(personal.category)
        )
    )
    if is_never(holds):
        return NEVER
    return all_of(applies(entry, purpose_ref), holds, not_(term_over(entry, purpose, now=now, role=role)))


def applies(entry: Entry, purpose_ref: str | When) -> Q:
    """Rows to which the purpose applies at all (``When``)."""
    return on_row(entry.model, purpose_ref.condition) if isinstance(purpose_ref, When) else ALWAYS


def purpose_of(entry: Entry, purpose_ref: str | When) -> Purpose:
    """The purpose that a declaration names. Raises ``Misconfigured`` where the policy has none of that key."""
    key = purpose_ref.purpose if isinstance(purpose_ref, When) else purpose_ref
    try:
        return document.current().purpose(key)
    except KeyError:
        msg = f"{entry.label} ({entry.origin}) names the purpose {key!r}, which the policy does not have."
        raise Misconfigured(msg) from None


def _holds(
    entry: Entry, role: str, purpose: Purpose, basis: Basis, occasion: Occasion, *, now: datetime
) -> Q:
    outcome = basis.outcome(occasion)
    if outcome is Outcome.FALLS:
        return NEVER
    holds = ALWAYS
    if outcome is Outcome.STANDS_WHILE_OPEN:
        holds = open_rows(entry) or NEVER
    elif outcome is Outcome.STANDS_ON_CONSENT:
        holds = agreed.live(entry, role, purpose.key, now=now)
    if is_never(holds) or basis.when is None:
        return holds
    return all_of(holds, customers(entry, role, basis.when.within, now=now))


def _occasion(purpose_ref: str | When, occasion: Occasion, about: Collection[str] | None) -> Occasion:
    key = purpose_ref.purpose if isinstance(purpose_ref, When) else purpose_ref
    return occasion if about is None or key in about else Occasion.TERM
