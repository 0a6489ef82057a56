"""The tail: what the mirror has more than the database, read in order and believed only where the chain proves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from django_rgpd.core.errors import RgpdError
from django_rgpd.ledger import chain, mirror, places, terms
from django_rgpd.ledger.chain import Link
from django_rgpd.ledger.digested import lost_key
from django_rgpd.ledger.ends import ends
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.places import Place
from django_rgpd.ledger.record import payload_hash

_NOTHING = payload_hash(None)


class MirrorBroken(RgpdError):
    """The mirror cannot be replayed: it lacks something, was changed, or belongs to another database."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One mirrored batch that fits the chain, with its events as they were recorded, not saved."""

    link: Link
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The batches from ``first`` to ``last`` that the mirror has and the database has not; false where there are none.

    ``previous``: the digest of the seal before. ``now`` decides which payloads may have ended.
    """

    place: Place
    first: int
    last: int
    previous: str
    now: datetime

    def __bool__(self) -> bool:
        return self.first <= self.last

    def __len__(self) -> int:
        return max(self.last - self.first + 1, 0)

    def batches(self) -> Iterator[Batch]:
        """Each batch in order, one file in memory at a time. Raises ``MirrorBroken``."""
        previous = self.previous
        for number in range(self.first, self.last + 1):
            batch = _batch(self.place, number, previous, now=self.now)
            yield batch
            previous = batch.link.digest

    def events(self, *kinds: str) -> Iterator[Event]:
        """The events of these kinds, batch by batch."""
        for batch in self.batches():
            yield from (event for event in batch.events if event.kind in kinds)


def tail(*, now: datetime) -> Tail:
    """What the mirror has more than the database.

    Only this much is read: a seal's digest is made over the digest before it, so that the database's last seal, found the
    same in the mirror, speaks for all before it.

    Raises ``MirrorBroken`` where there is no mirror, where it lacks something, or where the database's last seal is another one.
    """
    found = places.place()
    if found is None:
        raise MirrorBroken(_("There is no mirror: set MIRROR_ROOT or MIRROR_STORAGE to where it is."))
    try:
        numbers = places.numbers(found)
    except Exception as error:  # each storage has errors of its own
        raise MirrorBroken(mirror.silent(error)) from error
    head = Seal.objects.order_by("-number").first()
    last = head.number if head else 0
    top = max(numbers, default=0)
    _refuse_loss(numbers)
    _refuse_gap(numbers, last, top)
    # Also where neither has more: two chains of the same length have forked all the same.
    _refuse_fork(found, min(last, top))
    return Tail(place=found, first=last + 1, last=top, previous=head.digest if head else "", now=now)


def _refuse_loss(numbers: set[int]) -> None:
    _last, mirrored = ends()
    if mirrored and mirrored not in numbers:
        raise MirrorBroken(mirror.lacks(mirrored))


def _refuse_gap(numbers: set[int], last: int, top: int) -> None:
    missing = next((number for number in range(last + 1, top) if number not in numbers), None)
    if missing is not None:
        words = _(
            "The mirror lacks seal %(number)d, and goes on to seal %(top)d: look for %(name)s where the mirror itself is"
            " backed up."
        )
        raise MirrorBroken(words % {"number": missing, "top": top, "name": places.batch_name(missing)})


def _refuse_fork(found: Place, number: int) -> None:
    ours = Seal.objects.filter(number=number).first()
    if ours is not None and mirror.read(found, number) != Link.of(ours):
        words = _(
            "Seal %(number)d of the database is not the mirror's: this dump has gone on by itself, or is another"
            " shop's. Restore a dump from before that seal, or set the mirror that belongs to it."
        )
        raise MirrorBroken(words % {"number": number})


def _batch(place: Place, number: int, previous: str, *, now: datetime) -> Batch:
    opened = mirror.opened(place, number)
    if opened is None or opened[0].number != number:
        words = _(
            "Seal %(number)d of the mirror was changed or cut short, or its key is not in SEAL_KEYS any more."
        )
        raise MirrorBroken(words % {"number": number})
    link, said = opened
    if link.previous != previous:
        words = _("Seal %(number)d of the mirror does not follow the one before it.")
        raise MirrorBroken(words % {"number": number})
    ending = _payloads(place, number)
    events = tuple(_event(one, ending.get(one["uuid"], {}), number, now=now) for one in said)
    _unknown(events, number)
    if words := lost_key(events):
        raise MirrorBroken(words)
    return Batch(link, events)


def _payloads(place: Place, number: int) -> Mapping[str, Any]:
    try:
        return mirror.payloads(place, number)
    except ValueError as error:
        raise MirrorBroken(str(error)) from None


def _event(said: Mapping[str, Any], ending: Mapping[str, Any], number: int, *, now: datetime) -> Event:
    event = Event(
        uuid=UUID(said["uuid"]),
        person=UUID(said["person"]) if said["person"] else None,
        at=datetime.fromisoformat(said["at"]),
        recorded_at=datetime.fromisoformat(said["recorded_at"]),
        payload=ending.get("payload"),
        actor=str(ending.get("actor", ""))[:255],
        **{name: said[name] for name in chain.FACTS},
    )
    ended = event.payload is None and (event.payload_hash == _NOTHING or event.at <= terms.before(now))
    if not ended and payload_hash(event.payload) != event.payload_hash:
        raise MirrorBroken(mirror.damaged(number))
    return event


def _unknown(events: tuple[Event, ...], number: int) -> None:
    """Refuse a batch of which the database has an event otherwise, or under another seal."""
    told = {event.uuid: chain.facts(event) for event in events}
    for known in Event.objects.filter(uuid__in=list(told)):
        if known.seal_id is not None or chain.facts(known) != told[known.uuid]:
            words = _("Event %(uuid)s of the mirror's seal %(number)d is another one in the database.")
            raise MirrorBroken(words % {"uuid": known.uuid, "number": number})
