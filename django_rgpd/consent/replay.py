"""Consents on a restored dump: what people decided since stands, also for addresses that the dump does not know as theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from django_rgpd.consent import deciding, kinds, rebuild, state, suppress, wordings
from django_rgpd.consent.folding import fold
from django_rgpd.core import conf, keys
from django_rgpd.ledger import replay
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import ERASED, many
from django_rgpd.ledger.tail import Tail
from django_rgpd.registry.models import Address, Person

PAGE = 500


@replay.applies
def stand_again(came: Tail, report: replay.Report, *, now: datetime, progress: replay.Progress) -> None:
    """Write the states of everybody who decided something anew from the events, and the list of those never written to.

    A refusal holds for the addresses that its event names, wherever they turn up again: where this database does not know
    them as that person's, their digests are suppressed for the term of objections.
    """
    for event in came.events(kinds.WORDING):
        if isinstance(event.payload, dict):
            wordings.again(event.payload)
    written = kept = 0
    for events in _pages(came.events(*kinds.READ)):
        people = {event.person for event in events if event.person is not None}
        written += rebuild.rebuild(people)
        with transaction.atomic():
            kept += _keep(people, now=now)
    # While a replay is due nothing is sealed: unsealed is what came back, and what happened here since the restore.
    kept += _list_all(Event.objects.filter(seal__isnull=True), now=now)
    _say(report, written + _under_other_keys(kept), kept)


def stand_everybody_again(report: replay.Report, *, now: datetime) -> None:
    """The same for everything that the database's own ledger tells: some of its tables were restored from an older dump."""
    written, kept = rebuild.rebuild(), 0
    every = Event.objects.filter(site=conf.get().SITE)
    asked = every.filter(kind__in=kinds.REFUSING, person__isnull=False).order_by("person", "pk")
    for events in _pages(asked.only("person").iterator(chunk_size=PAGE)):
        with transaction.atomic():
            kept += _keep({event.person for event in events if event.person is not None}, now=now, past=True)
    kept += _list_all(every, now=now)
    _say(report, written + _under_other_keys(kept), kept)


def _under_other_keys(kept: int) -> int:
    """An event names one digest, and the address may stand here by that of another key: only its text tells that they are one."""
    return rebuild.rebuild() if kept and len(keys.digest_ring().keys) > 1 else 0


def _say(report: replay.Report, written: int, kept: int) -> None:
    if written:
        report.done.append(_("Consents written anew: %(number)d.") % {"number": written})
    if kept:
        words = _("Addresses kept on the list of those that are not written to: %(number)d.")
        report.done.append(words % {"number": kept})


def _keep(people: set[UUID], *, now: datetime, past: bool = False) -> int:
    """Suppress the addresses of refusals that stand, but for those that their person has in this database (``past``: or had)."""
    erased = Event.objects.filter(kind=ERASED, person__in=people).values_list("person", flat=True)
    living = people - set(erased)  # of the erased, their own event says what is kept
    told: dict[UUID, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(site=conf.get().SITE, person__in=living, kind__in=kinds.READ):
        if event.person is not None:
            told[event.person].append(event)
    known, kept = _known(living, past=past), 0
    for person, events in told.items():
        for refusal, key in _refusals(events):
            for one in _listed(refusal, "digests"):
                over = suppress.objected_until(refusal.at) <= now
                if not over and (person, one["kind"], one["digest"]) not in known:
                    suppress.objected(one, key, since=refusal.at)
                    kept += 1
    return kept


def _refusals(events: list[Event]) -> Iterator[tuple[Event, state.Key]]:
    """The refusals of one person that stand, each with what it is about."""
    by_uuid = {event.uuid: event for event in events}
    for key in state.keys_of(events):
        snapshot = fold(state.of_key(events, key))
        if snapshot is not None and snapshot.standing in kinds.REFUSALS:
            yield by_uuid[snapshot.event], key


def _known(people: set[UUID], *, past: bool) -> set[tuple[UUID, str, str]]:
    """Person, kind and digest of the addresses that these people have here, themselves or by whom they were merged into."""
    into = dict(Person.objects.filter(uuid__in=people).values_list("uuid", "merged_into"))
    holders = {uuid: holder or uuid for uuid, holder in into.items()}
    having = Address.objects.filter(person__uuid__in=set(holders.values()))
    having = having if past else having.filter(until__isnull=True)
    found: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for holder, kind, digest in having.values_list("person__uuid", "kind", "digest"):
        found[holder].add((kind, digest))
    return {(uuid, *one) for uuid, holder in holders.items() for one in found[holder]}


def _list_all(events: QuerySet[Event], *, now: datetime) -> int:
    kept = 0
    found = events.filter(site=conf.get().SITE, kind__in=[*kinds.OWN_CHOICE, kinds.OBJECTED, ERASED])
    for page in _pages(found.order_by("at", "pk").iterator(chunk_size=PAGE)):
        with transaction.atomic():
            kept += _list(page, now=now)
    return kept


def _list(events: list[Event], *, now: datetime) -> int:
    """In the order of time: enter what erasures and staff kept by digest, and lift what a fresh choice lifted afterwards."""
    chosen = {event.person for event in events if event.person and event.kind in kinds.OWN_CHOICE}
    people = {one.uuid: one for one in Person.objects.filter(uuid__in=chosen, erased_at__isnull=True)}
    kept = 0
    for event in events:
        for one in _listed(event, "suppressed"):
            if not _over(one, now=now) and not suppress.was_lifted(one):
                suppress.again(one)
                kept += 1
        if event.person in people and event.kind in kinds.OWN_CHOICE:
            _lift(state.holder(people[event.person]), event, now=now)
    return kept


def _over(kept: Mapping[str, Any], *, now: datetime) -> bool:
    return bool(kept["until"]) and datetime.fromisoformat(kept["until"]) <= now


def _lift(holder: Person, choice: Event, *, now: datetime) -> None:
    """Lift what stood in the way of her choice, as the choice itself would have; what was wider is told once."""
    wider = [
        draft
        for draft in deciding.carried_over(holder, (choice.purpose, choice.channel), choice.at)
        if not Event.objects.filter(
            kind=draft.kind,
            person=holder.uuid,
            purpose=draft.purpose,
            channel=draft.channel,
            at=draft.at or now,
        ).exists()
    ]
    if wider:
        many(wider, now=now)
        state.refresh(state.lock(holder))


def _listed(event: Event, name: str) -> list[dict[str, Any]]:
    found = (event.payload or {}).get(name, []) if isinstance(event.payload, dict) else []
    return list(found)


def _pages(events: Iterable[Event]) -> Iterator[list[Event]]:
    each = iter(events)
    while page := list(islice(each, PAGE)):
        yield page
