"""The mirror: one file a sealed batch outside the database, so that a cut tail and a restored dump are found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.core.errors import RgpdError
from django_rgpd.ledger import chain, door, places
from django_rgpd.ledger.chain import Link
from django_rgpd.ledger.ends import ends
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.places import Place
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, Later, NeedsSomeone

JOB = "ledger.mirror"
ENDED = "ledger.mirror_ended"
"""The job that takes payloads out of the mirror that have ended in the database."""

GIVEN_UP = timedelta(days=1)
"""How long after the last attempt of a job that was given up the next one begins by itself."""

UNMOUNTED = timedelta(minutes=5)
"""How long a job waits for a mirror that is not there."""


class MirrorUnfit(RgpdError):
    """The mirror has seals that the database has not, or has not what was mirrored: the chain would fork."""


def unfit() -> str:
    """Why nothing may be sealed: the mirror has more than the database, or not the last seal that was mirrored (an older dump
    beside a disk that is not mounted looks like this). Empty where all is well.
    """
    found = places.place()
    if found is None:
        return door.unset()
    try:
        there = places.numbers(found)
    except Exception as error:  # each storage has errors of its own
        return silent(error)
    head = max(there, default=0)
    door.learn(head)
    last, mirrored = ends()
    if mirrored and mirrored not in there:
        return lacks(mirrored)
    if head <= last:
        return ""
    words = _(
        "The mirror ends at seal %(head)d and the database at %(last)d: an older dump was restored, or its end was"
        " cut off. Run rgpd_replay."
    )
    return words % {"head": head, "last": last}


def put(*, now: datetime) -> Job | None:
    """Write the job down that mirrors what is not mirrored yet, where there is a mirror and something to do.

    One that waits for staff is followed by another on the next day, and not at every run.
    """
    if not _writable() or not Seal.objects.filter(mirrored_at__isnull=True).exists():
        return None
    if Job.objects.filter(name=JOB, state=State.NEEDS, run_at__gt=now - GIVEN_UP).exists():
        return None
    return jobs.put(JOB, {}, now=now, key="all")


def put_ended(numbers: Iterable[int], *, now: datetime) -> None:
    """Write the job down that takes the ended payloads of these seals out of the mirror."""
    for number in numbers if _writable() else ():
        jobs.put(ENDED, {"number": number}, now=now, key=str(number))


@jobs.job(JOB)
def write_all(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Write every seal that is not mirrored, in order; one that is there already is compared, not written."""
    found = places.place()
    if found is None:
        raise NeedsSomeone(_("MIRROR_ROOT and MIRROR_STORAGE are not set any more."))
    if not _writable():
        raise Declined(_("This is not production: nothing leaves it."))
    _there(found, now=now)
    found.tidy()
    for seal in Seal.objects.filter(mirrored_at__isnull=True).order_by("number"):
        _write(found, seal)
        Seal.objects.filter(pk=seal.pk).update(mirrored_at=now)
        door.learn(seal.number)
        jobs.renew(job, now=now)
    # All is there: what earlier attempts waited for staff with was done here.
    Job.objects.filter(name=JOB, state=State.NEEDS).update(state=State.GONE, finished_at=now)


@jobs.job(ENDED)
def write_what_is_left(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Write the payloads of one batch anew, without those that have ended; the chain stays as it is."""
    found = places.place()
    seal = Seal.objects.filter(number=int(str(payload["number"]))).first()
    if found is None or not _writable() or seal is None:
        return
    _there(found, now=now)
    if found.read(places.batch_name(seal.number)) is None:
        return
    name = places.payloads_name(seal.number)
    found.tidy()
    found.drop(name)
    left = payloads_content(_events(seal))
    if left:
        found.add(name, left)


def compare() -> Iterator[tuple[int, str]]:
    """What differs between the seals of the database and those of the mirror: number, and what, in words."""
    found = places.place()
    if found is None:
        return
    if words := unfit():
        yield ends()[0], words
    try:
        there = places.numbers(found)
    except Exception:  # it does not answer, and that was said
        return
    mirrored = Seal.objects.filter(mirrored_at__isnull=False).order_by("number").prefetch_related("events")
    for seal in mirrored.iterator(chunk_size=50):
        if seal.number not in there:
            yield seal.number, _("It was mirrored, and the mirror has it no longer.")
        elif words := _differs(found, seal):
            yield seal.number, words


def waiting(*, since: datetime) -> int:
    """How many seals were made before ``since`` and are not mirrored, where there is a mirror to write to."""
    return Seal.objects.filter(mirrored_at__isnull=True, sealed_at__lt=since).count() if _writable() else 0


def read(found: Place, number: int) -> Link | None:
    """The link of one mirrored batch; None where there is none, or its file does not fit its own digest."""
    whole = opened(found, number)
    return whole[0] if whole else None


def opened(found: Place, number: int) -> tuple[Link, list[dict[str, Any]]] | None:
    """The link of one mirrored batch, and the ``facts`` of its events; None as for ``read``."""
    content = found.read(places.batch_name(number))
    try:
        whole = json.loads(content or b"null")
        link = Link(**{**whole["seal"], "sealed_at": datetime.fromisoformat(whole["seal"]["sealed_at"])})
        hashes = {one["uuid"]: chain.own_hash(one) for one in whole["events"]}
    except (ValueError, KeyError, TypeError):
        return None
    return (link, whole["events"]) if len(hashes) == link.count and chain.fits(link, hashes) else None


def batch_content(seal: Seal, events: Iterable[Event]) -> bytes:
    """The file of one batch: the seal, and what its events say that never changes."""
    link = Link.of(seal)
    said = {name: getattr(link, name) for name in ("number", "count", "previous", "digest", "key_id")}
    said["sealed_at"] = chain.instant(link.sealed_at)
    ordered = sorted(events, key=lambda event: event.uuid)
    return chain.canonical({"seal": said, "events": [chain.facts(event) for event in ordered]})


def payloads_content(events: Iterable[Event]) -> bytes:
    """The file of what ends: payload and actor of each event that has one, by uuid; empty where none has."""
    left = {
        str(event.uuid): {"payload": event.payload, "actor": event.actor}
        for event in events
        if event.payload is not None or event.actor
    }
    return chain.canonical(left) if left else b""


def payloads(found: Place, number: int) -> dict[str, Any]:
    """What ends of one mirrored batch: uuid → payload and actor. Raises ``ValueError`` for a file that was changed."""
    try:
        told = json.loads(found.read(places.payloads_name(number)) or b"{}")
        return {uuid: {"payload": one["payload"], "actor": one["actor"]} for uuid, one in told.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(damaged(number)) from None


def damaged(number: int) -> str:
    """In words, that the mirror lacks what the events of a seal say."""
    words = _(
        "What the events of seal %(number)d say is missing from the mirror, or was changed: look for %(name)s."
    )
    return words % {"number": number, "name": places.payloads_name(number)}


def _differs(found: Place, seal: Seal) -> str:
    """What is wrong with the files of a seal, in words; empty where nothing is."""
    try:
        if read(found, seal.number) != Link.of(seal):
            return _("The mirror has another one of this number, or its file was changed.")
        return "" if _says_as_much(found, seal) else damaged(seal.number)
    except Exception as error:  # each storage has errors of its own, and one file must not hide the others
        return silent(error)


def _says_as_much(found: Place, seal: Seal) -> bool:
    """Whether the mirror has each payload that the database still has; more of them wait for their job to go."""
    try:
        there = payloads(found, seal.number)
    except ValueError:
        return False
    ours: dict[str, Any] = json.loads(payloads_content(seal.events.all()) or b"{}")
    return all(there.get(uuid) == one for uuid, one in ours.items())


def _writable() -> bool:
    """Whether there is a mirror that is this database's to write: a copy of the shop would fork the chain of the shop."""
    return places.place() is not None and conf.get().PRODUCTION is not False


def _there(found: Place, *, now: datetime) -> None:
    """Wait where the last seal that was mirrored is not there: this is an empty place where the mirror ought to be."""
    _last, mirrored = ends()
    if mirrored and not found.has(places.batch_name(mirrored)):
        raise Later(now + UNMOUNTED, lacks(mirrored))


def silent(error: Exception) -> str:
    """In words, that the mirror cannot be listed."""
    return _("The mirror does not answer: %(error)s.") % {"error": type(error).__name__}


def lacks(number: int) -> str:
    """In words, that the mirror has not what the database knows to be there."""
    words = _(
        "The mirror lacks seal %(number)d, which was mirrored: is it the right one, and is its disk there?"
    )
    return words % {"number": number}


def _write(found: Place, seal: Seal) -> None:
    events = _events(seal)
    content, name = batch_content(seal, events), places.batch_name(seal.number)
    there = found.read(name)
    if there is not None and len(there) < len(content) and content.startswith(there):
        # The disk was full, or the process was killed, while a storage that writes in place wrote this very file.
        found.drop(name)
        there = None
    if there is None:
        # What ends comes first: a batch that is there can be replayed, whenever the process was killed.
        _write_payloads(found, seal.number, payloads_content(events))
        found.add(name, content)
        there = found.read(name)
    if there is None:
        words = _(
            "The mirror did not keep %(name)s under its name: a storage for the mirror must not give names of its own."
        )
        raise NeedsSomeone(words % {"name": name})
    if there != content:
        words = _("The mirror has another seal %(number)d: the chain has forked, or its file was changed.")
        raise NeedsSomeone(words % {"number": seal.number})


def _write_payloads(found: Place, number: int, content: bytes) -> None:
    name = places.payloads_name(number)
    if content and not found.add(name, content):
        found.drop(name)
        found.add(name, content)


def _events(seal: Seal) -> list[Event]:
    return list(Event.objects.filter(seal=seal))
