"""The processors of an erasure: who is told and when, what each answered, and that it is done when all have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django_rgpd.erasure.lines import Plan, Telling
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import State
from django_rgpd.processors import roads
from django_rgpd.processors import telling as telling_them
from django_rgpd.registry import Subject, people

ENDED = frozenset({State.DONE, State.GONE})
"""With these a processor has answered."""


def lines(*, waits: bool) -> tuple[Telling, ...]:
    """Whom an erasure tells; ``waits``: something of hers stays until business with her is closed."""
    return tuple(
        Telling(
            key=road.key,
            name=str(road.recipient.name),
            later=waits and roads.waits_for_business(road),
            by_hand=road.processor.by_hand,
            keeps=road.processor.keeps(),
            leaves=road.processor.leaves(),
        )
        for road in telling_them.holding()
    )


def addresses_of(subject: Subject, *, own: str | None) -> tuple[str, ...]:
    """The addresses by which processors may know her: those she proved, and her account's ``own`` unless somebody else has
    it.
    """
    if not roads.every():
        return ()
    known = set(subject.emails)
    if own and own not in known:
        holder = people.known("email", own)
        if holder is None or holder.uuid in subject.uuids:
            known.add(own)
    return tuple(sorted(known))


def begun(
    shown: Plan, addresses: Sequence[str], references: Mapping[str, Sequence[str]], *, now: datetime
) -> dict[str, object]:
    """What the erasure says of those who are told at once; without an address or an id nobody can be."""
    at_once = [one.key for one in shown.told if not (one.later or one.keeps)]
    return {key: _waiting(now) for key in at_once if addresses or references.get(key)}


def drafts(
    erasure: Erasure,
    keys: Mapping[str, object],
    addresses: Sequence[str],
    references: Mapping[str, Sequence[str]],
    subject: Subject,
) -> list[jobs.Draft]:
    """The jobs that tell the processors ``keys``."""
    return telling_them.drafts(
        keys,
        addresses,
        erasure=erasure.uuid,
        people=subject.uuids,
        references=references,
        asked_at=erasure.asked_at,
    )


def tell_the_rest(
    erasure: Erasure,
    addresses: Sequence[str],
    references: Mapping[str, Sequence[str]],
    subject: Subject,
    *,
    now: datetime,
) -> None:
    """Tell those who were not told yet, now that nothing waits; ``erasure`` is locked, and saved by the caller."""
    due = [road.key for road in telling_them.due() if road.key not in erasure.processors]
    rest = [key for key in due if addresses or references.get(key)]
    if rest:
        added = {key: _waiting(now) for key in rest}
        erasure.processors = {**erasure.processors, **added}
        jobs.put_many(drafts(erasure, added, addresses, references, subject), now=now)


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


def _waiting(now: datetime) -> dict[str, object]:
    return {"state": str(State.WAITING), "at": now.isoformat()}
