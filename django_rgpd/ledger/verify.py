"""Verifying the ledger: what was edited, deleted, moved, cut off or never sealed is found and named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from django_rgpd.ledger import chain, guard, mirror
from django_rgpd.ledger.chain import Link
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.record import payload_hash

UNSEALED = timedelta(days=1)
"""How long an event may wait for its seal: ``rgpd_run`` seals at every run."""

PAGE = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the ledger: where (a seal's number, an event's uuid), and what, in words."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def verify(*, now: datetime) -> Iterator[Fault]:
    """Every fault of the chain in the database, in its order.

    An event without its payload is none: it ended at its term, and its hash stays.
    """
    yield from _chain()
    for number, what in mirror.compare():
        yield Fault(_("seal %(number)d") % {"number": number}, what)
    late = Event.objects.filter(seal__isnull=True, recorded_at__lt=now - UNSEALED).count()
    if late:
        what = _("%(number)d events wait for a seal since more than a day: run rgpd_run.")
        yield Fault(_("unsealed events"), what % {"number": late})
    if waiting := mirror.waiting(since=now - UNSEALED):
        what = _(
            "%(number)d seals wait for the mirror since more than a day: see why in the job ledger.mirror."
        )
        yield Fault(_("unmirrored seals"), what % {"number": waiting})
    for event in Event.objects.filter(seal__isnull=True, payload__isnull=False).iterator(chunk_size=500):
        yield from _payload(event)
    for name in guard.missing():
        what = _("It is not there, or switched off: migrate django_rgpd back to 0001 and forward again.")
        yield Fault(_("trigger %(name)s") % {"name": name}, what)


def _chain() -> Iterator[Fault]:
    expected, previous = 1, ""
    while page := list(Seal.objects.filter(number__gte=expected).order_by("number")[:PAGE]):
        events: dict[int, list[Event]] = defaultdict(list)
        for event in Event.objects.filter(seal__in=[seal.pk for seal in page]).iterator(chunk_size=500):
            events[event.seal_id or 0].append(event)
        for seal in page:
            link = Link.of(seal)
            yield from _place(link, expected, previous)
            yield from batch(link, events[seal.pk])
            expected, previous = link.number + 1, link.digest


def _place(link: Link, expected: int, previous: str) -> Iterator[Fault]:
    if link.number != expected:
        what = _("The seals from %(first)d to %(last)d are missing.")
        yield Fault(_seal(link), what % {"first": expected, "last": link.number - 1})
    elif link.previous != previous:
        yield Fault(_seal(link), _("It does not follow the seal before it."))


def batch(link: Link, events: list[Event]) -> Iterator[Fault]:
    """What is wrong with one sealed batch."""
    if link.count != len(events):
        what = _("%(count)d events were sealed, and %(found)d are there.")
        yield Fault(_seal(link), what % {"count": link.count, "found": len(events)})
    elif not chain.key_known(link):
        what = _("It was made by the key %(key)s, which is not in SEAL_KEYS any more: put it back, last.")
        yield Fault(_seal(link), what % {"key": link.key_id})
    elif not chain.fits(link, chain.hashes_of(events)):
        yield Fault(_seal(link), _("It does not fit its events: one of them, or the seal, was changed."))
    for event in events:
        yield from _payload(event)


def _payload(event: Event) -> Iterator[Fault]:
    if event.payload is not None and payload_hash(event.payload) != event.payload_hash:
        where = _("event %(uuid)s") % {"uuid": event.uuid}
        yield Fault(where, _("Its payload is not the one that was recorded."))


def _seal(link: Link) -> str:
    return _("seal %(number)d") % {"number": link.number}
