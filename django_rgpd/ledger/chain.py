"""The hash chain: what of an event and of a seal is hashed, and in which form; nothing here reads or writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django_rgpd.core import keys
from django_rgpd.core.keys import Digest
from django_rgpd.ledger.models import Event, Seal

LABEL = "ledger.seal"
"""Keeps the digests of seals apart from all others of the same ring."""

FACTS = ("site", "kind", "purpose", "channel", "how", "payload_hash")
"""Columns of an event that are hashed as they stand; payload and actor end at their term, so they are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One seal of the chain, wherever it is kept."""

    number: int
    sealed_at: datetime
    count: int
    previous: str
    digest: str
    key_id: str

    @classmethod
    def of(cls, seal: Seal) -> Link:
        """The link that a row of the database is."""
        return cls(
            number=seal.number,
            sealed_at=seal.sealed_at,
            count=seal.count,
            previous=seal.previous,
            digest=seal.digest,
            key_id=seal.key_id,
        )


def instant(at: datetime) -> str:
    """An instant as it is hashed and mirrored: UTC, to the microsecond, whatever the database's zone."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def facts(event: Event) -> dict[str, object]:
    """What an event says that never changes."""
    return {
        "uuid": str(event.uuid),
        "person": None if event.person is None else str(event.person),
        "at": instant(event.at),
        "recorded_at": instant(event.recorded_at),
        **{name: getattr(event, name) for name in FACTS},
    }


def own_hash(said: Mapping[str, object]) -> str:
    """SHA-256 of an event's ``facts``, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(said)).hexdigest()


def batch_digest(number: int, sealed_at: datetime, previous: str, hashes: Mapping[str, str]) -> Digest:
    """The digest of a batch under the newest seal key: its number, its time, the digest before, its events."""
    return keys.seal_ring().digest(LABEL, _value(number, sealed_at, previous, hashes))


def fits(link: Link, hashes: Mapping[str, str]) -> bool:
    """Whether ``link`` was made, by a key of the ring, over events with these hashes (by uuid)."""
    value = _value(link.number, link.sealed_at, link.previous, hashes)
    return keys.seal_ring().verify(LABEL, value, link.digest, key_id=link.key_id)


def key_known(link: Link) -> bool:
    """Whether the key that made ``link`` is still in ``SEAL_KEYS``."""
    return any(key.id == link.key_id for key in keys.seal_ring().keys)


def hashes_of(events: Iterable[Event]) -> dict[str, str]:
    """The own hash of each event, by uuid."""
    return {str(event.uuid): own_hash(facts(event)) for event in events}


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces, in UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _value(number: int, sealed_at: datetime, previous: str, hashes: Mapping[str, str]) -> bytes:
    # By uuid, not by primary key: events that a replay writes again get other keys.
    ordered = [hashes[uuid] for uuid in sorted(hashes)]
    return canonical([number, instant(sealed_at), previous, ordered])
