"""Replaying: what the mirror has more than a restored dump is brought back, and applied again by every room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.db import IntegrityError, router, transaction
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.record import record
from django_rgpd.ledger.tail import Batch, MirrorBroken, Tail, tail

REPLAYED = "replayed"
"""The kind of event that says that a replay was done."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, in words, how much of it is done, and of how much."""


@dataclass(slots=True)
class Report:
    """What a replay found (``kinds``: how many events of each kind) and did; ``left`` is what could not be done, and why."""

    seals: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events the mirror has more."""
        return sum(self.kinds.values())


class Handler(Protocol):
    """Applies what came back; may be called again for the same events, and must then do no harm.

    Says in ``report`` what was done and what was left, without a personal value.
    """

    def __call__(self, came: Tail, report: Report, *, now: datetime, progress: Progress) -> object: ...


_handlers: list[Handler] = []


def applies(handler: Handler) -> Handler:
    """Register (as a decorator) who applies what came back; lower rooms are asked first."""
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def _quiet(what: str, done: int, of: int) -> None:
    """Tell nobody."""


def replay(*, now: datetime, dry_run: bool = False, progress: Progress = _quiet) -> Report:
    """Bring a restored database up to the mirror (GDPR art. 5.1 f, 17, 21), and open the door again.

    First everything is read and verified; then the events come back, as they were and unsealed; then they are applied; last,
    in one transaction, the seals. While a seal is missing the door stays shut and the next replay does all of it once more, which
    changes nothing that was done: so it may be killed anywhere. ``dry_run`` only reads.

    Raises ``MirrorBroken``, with nothing changed.
    """
    came, report = tail(now=now), Report()
    report.seals = len(came)
    for number, batch in enumerate(came.batches(), 1):
        progress(_("Reading the mirror"), number, len(came))
        for event in batch.events:
            report.kinds[event.kind] = report.kinds.get(event.kind, 0) + 1
    if dry_run or not came:
        return report
    for number, batch in enumerate(came.batches(), 1):
        _bring_back(batch)
        progress(_("Bringing events back"), number, len(came))
    for handler in _handlers:
        handler(came, report, now=now, progress=progress)
    if not report.left:
        _seal(came, report, now=now)
    return report


def _bring_back(batch: Batch) -> None:
    """Insert what is missing, oldest first; the row's guard lets inserts through, and a uuid is there once."""
    events = sorted(batch.events, key=lambda event: (event.recorded_at, event.at, event.uuid))
    Event.objects.bulk_create(events, batch_size=500, ignore_conflicts=True)


def _seal(came: Tail, report: Report, *, now: datetime) -> None:
    try:
        with transaction.atomic(using=router.db_for_write(Seal)):
            for batch in came.batches():
                _seal_again(batch, now=now)
            record(
                REPLAYED,
                person=None,
                now=now,
                how="command",
                payload={"first": came.first, "last": came.last, "events": report.events},
            )
            signals.restored.send(sender=Seal, at=now, report=report)
    except IntegrityError:
        raise MirrorBroken(
            _("Another replay sealed the same events in this moment: run it once more.")
        ) from None


def _seal_again(batch: Batch, *, now: datetime) -> None:
    link = batch.link
    made = Seal.objects.create(
        number=link.number,
        sealed_at=link.sealed_at,
        count=link.count,
        previous=link.previous,
        digest=link.digest,
        key_id=link.key_id,
        mirrored_at=now,
    )
    uuids = [event.uuid for event in batch.events]
    if Event.objects.filter(uuid__in=uuids, seal__isnull=True).update(seal=made) != link.count:
        words = _("Some events of seal %(number)d are not there any more: run it once more.")
        raise MirrorBroken(words % {"number": link.number})
