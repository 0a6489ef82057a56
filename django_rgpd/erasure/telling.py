"""The processors of an erasure: who is told and when, what each answered, and that it is done when all have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime

from django_rgpd.erasure.lines import Plan, Telling
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import State
from django_rgpd.processors import references, roads
from django_rgpd.processors import telling as telling_them
from django_rgpd.registry import Subject, people

ENDED = frozenset({State.DONE, State.GONE})
"""With these a processor has answered."""


@dataclass(frozen=True, slots=True)
class Names:
    """What leads to a person at processors: addresses, and by processor what the shop's own columns name her by."""

    addresses: tuple[str, ...] = field(default=(), repr=False)
    references: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def lead_to(self, key: str) -> bool:
        """Whether the processor ``key`` can be told whom it is about."""
        return bool(self.addresses or self.references.get(key))


def names(subject: Subject, *, vetted: bool) -> Names:
    """What leads to ``subject`` at processors: the addresses that she proved or an import vouches for, and the shop's ids of her.

    The address of her account counts only where staff made sure of who asks (``vetted``) and nobody else has it: whoever makes
    an account can type the address of somebody else, whom a processor would then erase for good.
    """
    if not roads.every():
        return Names()
    known = subject.emails | people.vouched(subject.uuids)
    own = _own(subject) if vetted else None
    if own and own not in known:
        holder = people.known("email", own)
        if holder is None or holder.uuid in subject.uuids:
            known |= {own}
    return Names(tuple(sorted(known)), references.of(subject))


def lines(named: Names, *, waits: bool) -> tuple[Telling, ...]:
    """Whom an erasure tells of the person to whom ``named`` leads; ``waits``: something of hers stays until business with her is
    closed.
    """
    return tuple(_line(road, named, waits=waits) for road in telling_them.holding())


def _line(road: roads.Road, named: Names, *, waits: bool) -> Telling:
    keeps = road.processor.keeps()
    unnamed = not keeps and not named.lead_to(road.key)
    return Telling(
        key=road.key,
        name=str(road.recipient.name),
        later=waits and roads.waits_for_business(road),
        by_hand=road.processor.by_hand,
        keeps=keeps,
        # Of whoever is not told, more than that stays.
        leaves="" if unnamed else road.processor.leaves(),
        unnamed=unnamed,
    )


def begun(shown: Plan, *, now: datetime) -> dict[str, object]:
    """What the erasure says of those who are told at once."""
    at_once = [one.key for one in shown.told if not (one.later or one.keeps or one.unnamed)]
    return {key: _waiting(now) for key in at_once}


def drafts(erasure: Erasure, keys: Mapping[str, object], named: Names, subject: Subject) -> list[jobs.Draft]:
    """The jobs that tell the processors ``keys``."""
    return telling_them.drafts(
        keys,
        named.addresses,
        erasure=erasure.uuid,
        people=subject.uuids,
        references=named.references,
        asked_at=erasure.asked_at,
    )


def tell_the_rest(erasure: Erasure, named: Names, subject: Subject, *, now: datetime) -> None:
    """Tell those who were not told yet, now that nothing waits; ``erasure`` is locked, and saved by the caller."""
    due = [road.key for road in telling_them.due() if road.key not in erasure.processors]
    rest = [key for key in due if named.lead_to(key)]
    if rest:
        added = {key: _waiting(now) for key in rest}
        erasure.processors = {**erasure.processors, **added}
        jobs.put_many(drafts(erasure, added, named, subject), now=now)


def lock(erasure: Erasure) -> None:
    """Read what processors answered meanwhile, and keep others from writing it until the transaction ends."""
    locked = Erasure.objects.select_for_update()
    erasure.refresh_from_db(fields=["processors", "done_at", "state"], from_queryset=locked)


def state(processors: Mapping[str, Any], *, waits: bool) -> ErasureState:
    """Where an erasure stands: open, told, or done with everybody."""
    if waits:
        return ErasureState.OPEN
    answered = all(one["state"] in ENDED for one in processors.values())
    return ErasureState.DONE if answered else ErasureState.TOLD


def settle(erasure: Erasure, *, waits: bool, now: datetime) -> None:
    """Bring the state in line; the caller holds the lock, and saves."""
    erasure.state = state(erasure.processors, waits=waits)
    if erasure.state == ErasureState.DONE:
        erasure.done_at = erasure.done_at or now


def note(uuid: str, key: str, *, told: str, evidence: Mapping[str, object], at: datetime) -> None:
    """The processor ``key`` answered about the erasure ``uuid``; the caller is in a transaction."""
    erasure = Erasure.objects.select_for_update().filter(uuid=uuid).first()
    if erasure is None:
        return
    answer = {"state": told, "at": at.isoformat(), **({"evidence": dict(evidence)} if evidence else {})}
    erasure.processors = {**erasure.processors, key: answer}
    settle(erasure, waits=erasure.state == ErasureState.OPEN, now=at)
    erasure.save(update_fields=["processors", "state", "done_at"])


def in_words(processors: Mapping[str, Any]) -> str:
    """Where each processor stands, for staff."""
    words = dict(State.choices)
    return ", ".join(
        f"{key}: {words.get(one['state'], one['state'])}" for key, one in sorted(processors.items())
    )


def in_full(processors: Mapping[str, Any]) -> list[str]:
    """A line for each processor: where it stands, since when, and its evidence."""
    return [_in_full(key, one) for key, one in sorted(processors.items())]


def _in_full(key: str, one: Mapping[str, Any]) -> str:
    evidence = one.get("evidence") or {}
    at = parse_datetime(str(one["at"]))
    status = f"HTTP {evidence['status']}" if evidence.get("status") else ""
    since = date_format(localtime(at), "DATETIME_FORMAT") if at is not None else ""
    told = [in_words({key: one}), since, status, str(evidence.get("reference") or "")]
    return ", ".join(part for part in told if part)


def _own(subject: Subject) -> str | None:
    key: Any = subject.user_key
    user = None if key is None else get_user_model()._base_manager.filter(pk=key).first()
    return people.account_email(user) if user is not None else None


def _waiting(now: datetime) -> dict[str, object]:
    return {"state": str(State.WAITING), "at": now.isoformat()}
