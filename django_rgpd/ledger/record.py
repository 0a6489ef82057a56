"""Writing to the ledger: the one place where events come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django_rgpd.core import conf
from django_rgpd.ledger.models import Event
from django_rgpd.registry.models import Person

Payload = Mapping[str, object]

ERASED = "erased"
"""The kind of event that an erasure writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that is to be written; ``at`` is when it happened, where that is not when it is written.

    ``uuid`` is given where the same thing must not be written twice: the second one breaks the table's uniqueness.
    """

    kind: str
    person: Person | UUID | None
    purpose: str = ""
    channel: str = ""
    at: datetime | None = None
    how: str = ""
    actor: str = ""
    payload: Payload | None = None
    uuid: UUID | None = None


def record(
    kind: str,
    *,
    person: Person | UUID | None,
    now: datetime,
    at: datetime | None = None,
    purpose: str = "",
    channel: str = "",
    how: str = "",
    actor: str = "",
    payload: Payload | None = None,
) -> Event:
    """Add one event and return it (GDPR art. 5.2, 7.1).

    ``at`` is when it happened (``now`` where not given), ``actor`` who did it if not the person ("user:7"),
    ``payload`` what proves it, without a name or an address: it is kept for the term of proofs, and its hash
    for ever.
    """
    draft = Draft(
        kind=kind,
        person=person,
        purpose=purpose,
        channel=channel,
        at=at,
        how=how,
        actor=actor,
        payload=payload,
    )
    event = _event(draft, now)
    event.save(force_insert=True)
    return event


def many(drafts: Iterable[Draft], *, now: datetime) -> list[Event]:
    """Add several events in one statement and return them in the same order."""
    return Event.objects.bulk_create([_event(draft, now) for draft in drafts], batch_size=500)


def payload_hash(payload: Payload | None) -> str:
    """SHA-256 of the payload's canonical JSON (sorted keys, no spaces, UTF-8), as 64 hexadecimal digits."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _event(draft: Draft, now: datetime) -> Event:
    payload = None if draft.payload is None else dict(draft.payload)
    return Event(
        uuid=draft.uuid or uuid4(),
        site=conf.get().SITE,
        kind=draft.kind,
        person=draft.person.uuid if isinstance(draft.person, Person) else draft.person,
        purpose=draft.purpose,
        channel=draft.channel,
        at=draft.at or now,
        recorded_at=now,
        how=draft.how,
        actor=draft.actor,
        payload=payload,
        payload_hash=payload_hash(payload),
    )
