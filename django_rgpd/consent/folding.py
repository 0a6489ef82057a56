"""What a row of events comes to: the one reading that decisions and the rebuild share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django_rgpd.consent import kinds
from django_rgpd.consent.models import Standing
from django_rgpd.ledger.models import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Where one purpose and channel of one person stand."""

    standing: Standing
    since: datetime
    event: UUID
    wording: UUID | None = None
    language: str = ""
    until: datetime | None = None
    address: int | None = None

    @property
    def live(self) -> bool:
        """Whether a consent stands."""
        return self.standing is Standing.LIVE


def fold(events: Iterable[Event]) -> Snapshot | None:
    """The state that follows from the events of one purpose and channel, whatever order they were written in.

    The latest in time wins; of two at the same instant, the refusal. A refusal is taken back only by a fresh
    choice of the person (art. 21.3); having been informed, or a renewal, changes nothing that she decided. What ends by itself is
    a consent, or that a customer was informed.
    """
    listed = sorted(events, key=_order)
    undone = {str(_payload(one).get("event")) for one in listed if one.kind == kinds.UNDONE}
    state: Snapshot | None = None
    for event in listed:
        if event.kind in kinds.STANDINGS and str(event.uuid) not in undone and _counts(event, state):
            state = _after(event, state)
    return state


def _order(event: Event) -> tuple[datetime, bool, int]:
    standing = kinds.STANDINGS.get(event.kind)
    return event.at, standing in kinds.REFUSALS, event.pk


def _counts(event: Event, state: Snapshot | None) -> bool:
    held = None if state is None else state.standing
    if event.kind == kinds.INFORMED:
        return held in {None, Standing.EXPIRED, Standing.INFORMED}
    if event.kind == kinds.EXPIRED:
        return held in {Standing.LIVE, Standing.INFORMED}
    if event.kind == kinds.RENEWED:
        return held is Standing.LIVE
    if event.kind == kinds.IMPORTED:
        return held not in kinds.REFUSALS
    return True


def _after(event: Event, state: Snapshot | None) -> Snapshot:
    told = _payload(event)
    wording, address = told.get("wording"), told.get("address")
    renewed = event.kind == kinds.RENEWED and state is not None
    return Snapshot(
        standing=kinds.STANDINGS[event.kind],
        since=event.at,
        event=event.uuid,
        wording=UUID(str(wording)) if wording else state.wording if renewed and state else None,
        language=str(told.get("language") or (state.language if renewed and state else "")),
        until=datetime.fromisoformat(str(told["until"])) if told.get("until") else None,
        address=address if isinstance(address, int) else state.address if renewed and state else None,
    )


def _payload(event: Event) -> dict[str, object]:
    return event.payload if isinstance(event.payload, dict) else {}
