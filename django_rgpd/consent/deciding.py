"""How a decision is carried out: under the person's lock, the event, the state that follows, the news."""

from __future__ import annotations

from datetime import datetime, time
from typing import TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import kinds, news, state, suppress, wordings
from django_rgpd.consent.models import ConsentState, Standing, Wording
from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.failures import wrapped
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import Draft, many, record
from django_rgpd.policy import COLUMN, SMS, Purpose, current
from django_rgpd.registry.models import Address, Kind, Person

Whom: TypeAlias = Person | UUID

DOING = _("Recording a decision")
"""What a failure says was being done: a consent's row holds an address, which the database would quote."""


@wrapped(DOING)
def agree(
    kind: str,
    person: Whom,
    key: state.Key,
    *,
    how: str,
    now: datetime,
    at: datetime | None,
    actor: str,
    told: dict[str, object],
    address: Address | None,
    asked_at: datetime | None = None,
) -> ConsentState:
    """Write an agreement (``kind``) with what was ``told``, and lift the suppressions in its way."""
    known(*key)
    with transaction.atomic():
        holder = locked(person)
        if address is not None:
            told = {**told, "address": address.pk}
        drafts = carried_over(holder, key, now)
        if asked_at is not None:
            purpose, channel = key
            drafts.append(
                Draft(kind=kinds.ASKED, person=holder, purpose=purpose, channel=channel, at=asked_at, how=how)
            )
        many(drafts, now=now)
        if any(draft.kind == kinds.OBJECTED for draft in drafts):
            state.refresh(holder)
        row = decide(kind, holder, key, how=how, now=now, at=at, actor=actor, payload=told)
        if row is None:
            msg = f"{kind} left no state: its time lies before an event that rules it out."
            raise ValueError(msg)
        return row


def carried_over(holder: Person, key: state.Key, now: datetime) -> list[Draft]:
    """Lift the suppressions in the way of a fresh choice; what was wider becomes her own, older objection."""
    purpose, channel = key
    lifted = [
        one
        for address in addresses_of(holder, channel)
        for one in suppress.lift(
            address.kind, str(address.canonical), now=now, channel=channel, purpose=purpose
        )
    ]
    return [
        Draft(
            kind=kinds.OBJECTED,
            person=holder,
            purpose=one.purpose,
            channel=one.channel,
            at=one.since,
            how="suppression",
        )
        for one in lifted
        if (one.purpose, one.channel) != key
    ]


@wrapped(DOING)
def refuse(
    kind: str,
    person: Whom,
    key: state.Key,
    *,
    how: str,
    now: datetime,
    at: datetime | None = None,
    actor: str = "",
) -> ConsentState | None:
    """Write a refusal (``kind``) of ``key``, unless as much was said already, or the same was told before (``at``)."""
    enough = {Standing.OBJECTED} if kind == kinds.OBJECTED else kinds.REFUSALS
    with transaction.atomic():
        holder = state.lock(person)
        held = state.rows(holder)
        said = state.standing(held, *key)
        reached = [row for one, row in held.items() if state.covers(key, one)]
        if said is not None and all(row.standing in enough for row in [said, *reached]):
            return said
        if at is not None and _told_before(holder, key, at):
            return held.get(key)
        told = suppress.told(holder, key[1])
        return decide(kind, holder, key, how=how, now=now, at=at, actor=actor, payload=told)


def _told_before(holder: Person, key: state.Key, at: datetime) -> bool:
    """Whether a refusal of ``key`` at that instant is written: providers tell the same twice, also after she came back."""
    purpose, channel = key
    family = Q(person=holder.uuid) | Q(
        person__in=Person.objects.filter(merged_into=holder.uuid).values("uuid")
    )
    return Event.objects.filter(
        family, site=holder.site, kind__in=kinds.REFUSING, purpose=purpose, channel=channel, at=at
    ).exists()


def decide(
    kind: str,
    holder: Person,
    key: state.Key,
    *,
    how: str,
    now: datetime,
    at: datetime | None = None,
    actor: str = "",
    payload: dict[str, object] | None = None,
) -> ConsentState | None:
    """Write the event and settle the state, under the lock that the caller holds."""
    purpose, channel = key
    record(
        kind,
        person=holder,
        now=now,
        at=at,
        purpose=purpose,
        channel=channel,
        how=how,
        actor=actor,
        payload=payload,
    )
    return settle(holder, key, kind)


def settle(holder: Person, key: state.Key, kind: str) -> ConsentState | None:
    """After an event was written about ``key``: bring the state in line and send the news; returns the
    row.
    """
    purpose, channel = key
    state.refresh(holder, None if "" in key else [key])
    news.tell([holder.uuid], purpose=purpose, channel=channel, kind=kind)
    return state.rows(holder).get(key)


def locked(person: Whom) -> Person:
    """Her holder, locked. Raises ``Refused`` where she was erased."""
    holder = state.lock(person)
    if holder.erased_at is not None:
        raise Refused(_("This data was erased; nothing can be agreed to for it any more."))
    return holder


def addresses_of(holder: Person, channel: str) -> list[Address]:
    """Her current addresses for ``channel``."""
    kind = Kind.PHONE if channel == SMS else Kind.EMAIL
    return list(Address.objects.filter(person=holder, kind=kind, until__isnull=True, canonical__isnull=False))


def purpose_of(key: str) -> Purpose:
    """The purpose ``key`` of the policy. Raises ``ValueError``."""
    try:
        return current().purpose(key)
    except KeyError:
        msg = f"The policy names no purpose {key!r}."
        raise ValueError(msg) from None


def known(purpose: str, channel: str) -> Purpose:
    """The purpose of the policy, which has this channel. Raises ``ValueError``."""
    found = purpose_of(purpose)
    if channel not in (tuple(found.channels) or ("",)):
        msg = f"The purpose {purpose!r} has no channel {channel!r}, only: {', '.join(found.channels)}."
        raise ValueError(msg)
    return found


def told(purpose: str, at: datetime, wording: Wording | UUID | None) -> dict[str, object]:
    """What the event keeps: the text that was seen, its language, and when the consent ends by itself."""
    found = purpose_of(purpose)
    told: dict[str, object] = {}
    if wording is not None:
        seen = wordings.freeze(wording) if isinstance(wording, Wording) else Wording.objects.get(uuid=wording)
        if seen.purpose != purpose:
            msg = f"The wording {seen} is about another purpose than {purpose!r}."
            raise ValueError(msg)
        told |= {"wording": str(seen.uuid), "language": seen.language}
    if found.clock is COLUMN and not found.term.endless:
        end = datetime.combine(found.term.due(clock.legal_day(at)), time.min, tzinfo=clock.legal_zone())
        told["until"] = end.isoformat()
    return told
