"""What a person decides: each decision is an event and the state that follows, in one transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction

from django_rgpd.consent import deciding, kinds, state
from django_rgpd.consent.deciding import Whom
from django_rgpd.consent.models import ConsentState, Standing, Wording
from django_rgpd.consent.permission import Answer, may_send
from django_rgpd.core.failures import wrapped
from django_rgpd.registry.models import Address

__all__ = [
    "Answer",
    "confirm",
    "give",
    "inform",
    "leave",
    "may_send",
    "object_to",
    "refuse_all",
    "renew",
    "withdraw",
]

AGAIN = relativedelta(months=6)
"""How long a customer counts as informed before the next sale tells her again: the ledger need not hold every sale."""


def give(
    person: Whom,
    purpose: str,
    channel: str,
    *,
    how: str,
    now: datetime,
    wording: Wording | UUID | None = None,
    at: datetime | None = None,
    actor: str = "",
    address: Address | None = None,
    details: dict[str, object] | None = None,
) -> ConsentState:
    """The person, whose identity and address are proven, agrees (art. 7); the consent is live from ``at`` on.

    ``how``: by which page or act ("account", "checkout"). ``wording``: the text that she saw. ``details``:
    what else proves it (the form), nothing personal. Raises ``Refused`` for an erased person, ``ValueError``
    for a purpose or channel that the policy does not name.
    """
    told = {**(details or {}), **deciding.told(purpose, at or now, wording)}
    return deciding.agree(
        kinds.GIVEN,
        person,
        (purpose, channel),
        how=how,
        now=now,
        at=at,
        actor=actor,
        told=told,
        address=address,
    )


def confirm(
    person: Whom,
    purpose: str,
    channel: str,
    *,
    how: str,
    now: datetime,
    wording: Wording | UUID | None = None,
    at: datetime | None = None,
    actor: str = "",
    address: Address | None = None,
    asked_at: datetime | None = None,
    details: dict[str, object] | None = None,
) -> ConsentState:
    """The holder of the address confirms what was asked for at ``asked_at`` (double opt-in). As ``give``
    otherwise.
    """
    told = {**(details or {}), **deciding.told(purpose, at or now, wording)}
    return deciding.agree(
        kinds.CONFIRMED,
        person,
        (purpose, channel),
        how=how,
        now=now,
        at=at,
        actor=actor,
        told=told,
        address=address,
        asked_at=asked_at,
    )


def withdraw(
    person: Whom,
    purpose: str,
    channel: str,
    *,
    how: str,
    now: datetime,
    at: datetime | None = None,
    actor: str = "",
) -> ConsentState | None:
    """The person takes her consent back (art. 7.3): from this transaction on nothing is sent.

    A refusal that stands already is left as it is, and no second event is written.
    """
    return deciding.refuse(kinds.WITHDRAWN, person, (purpose, channel), how=how, now=now, at=at, actor=actor)


def object_to(
    person: Whom,
    purpose: str,
    channel: str,
    *,
    how: str,
    now: datetime,
    at: datetime | None = None,
    actor: str = "",
) -> ConsentState | None:
    """The person objects to marketing (art. 21.2), effective at once.

    An empty ``channel`` means every channel of ``purpose``, an empty ``purpose`` every marketing purpose, of
    today and of tomorrow.
    """
    return deciding.refuse(kinds.OBJECTED, person, (purpose, channel), how=how, now=now, at=at, actor=actor)


@wrapped(deciding.DOING)
def leave(
    person: Whom,
    purpose: str,
    channel: str,
    *,
    how: str,
    now: datetime,
    at: datetime | None = None,
    actor: str = "",
) -> ConsentState | None:
    """Whatever ``purpose`` rests on for this person, it ends: her consent is withdrawn, or an objection is
    recorded.
    """
    with transaction.atomic():
        holder = state.lock(person)
        held = state.standing(state.rows(holder), purpose, channel)
        if held is not None and held.standing in kinds.REFUSALS:
            return held
        kind = kinds.WITHDRAWN if held is not None and held.live else kinds.OBJECTED
        return deciding.refuse(kind, holder, (purpose, channel), how=how, now=now, at=at, actor=actor)


def refuse_all(
    person: Whom, *, how: str, now: datetime, at: datetime | None = None, actor: str = ""
) -> ConsentState | None:
    """No marketing at all, on any channel, for any purpose of today or tomorrow (art. 21.3)."""
    return object_to(person, "", "", how=how, now=now, at=at, actor=actor)


@wrapped(deciding.DOING)
def inform(
    person: Whom, purpose: str, channel: str, *, how: str, now: datetime, at: datetime | None = None
) -> ConsentState | None:
    """The person was offered a way out of ``purpose`` while buying, and did not take it (CPCE L34-5).

    What she decided before stands. Told again after a long while, it counts from then on: what was over with the sale before does
    not end with that one before this one is paid.
    """
    deciding.known(purpose, channel)
    with transaction.atomic():
        holder = deciding.locked(person)
        held = state.standing(state.rows(holder), purpose, channel)
        if held is not None and not _informed_anew(held, at or now):
            return held
        return deciding.decide(kinds.INFORMED, holder, (purpose, channel), how=how, now=now, at=at)


def _informed_anew(held: ConsentState, at: datetime) -> bool:
    if held.standing == Standing.INFORMED:
        return held.since + AGAIN <= at
    return held.standing == Standing.EXPIRED


@wrapped(deciding.DOING)
def renew(
    person: Whom,
    purpose: str,
    channel: str,
    *,
    how: str,
    now: datetime,
    wording: Wording | UUID | None = None,
) -> ConsentState | None:
    """The person says that her live consent shall go on for another term; without one nothing happens."""
    with transaction.atomic():
        holder = deciding.locked(person)
        held = state.rows(holder).get((purpose, channel))
        if held is None or not held.live:
            return held
        # The first agreement's own proof ends before the consent that it began: the text is said again.
        told = deciding.told(purpose, now, wording or held.wording)
        return deciding.decide(kinds.RENEWED, holder, (purpose, channel), how=how, now=now, payload=told)
