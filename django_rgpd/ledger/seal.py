"""Sealing: events that no seal holds yet are chained in batches, by any number of sealers, into one chain."""

from __future__ import annotations

from datetime import datetime

from django.db import DatabaseError, IntegrityError, router, transaction

from django_rgpd.core.failures import overtaken
from django_rgpd.ledger import chain, mirror, whole
from django_rgpd.ledger.models import Event, Seal

BATCH = 5_000
"""Events of one seal: what one statement can name on every database."""

_COLUMNS = ("pk", "uuid", "person", "at", "recorded_at", *chain.FACTS)


def seal(*, now: datetime) -> int:
    """Seal every event that is committed and in no seal yet; returns how many.

    A batch is what was found, not a range of keys: an event that commits late, with a lower key, falls into
    the next one.

    Raises ``MirrorUnfit`` where the mirror has seals that the database has not, or lacks what was mirrored: the chain would
    fork; ``LedgerIncomplete`` where events of the last seal are missing: what an older table of events has unsealed would be
    sealed twice.
    """
    if not Event.objects.filter(seal__isnull=True).exists():
        return 0
    if words := mirror.unfit():
        raise mirror.MirrorUnfit(words)
    if words := whole.lacks_its_end():
        raise whole.LedgerIncomplete(words)
    total = 0
    while True:
        sealed = _one(now=now)
        total += sealed
        if sealed < BATCH:
            return total


def last() -> Seal | None:
    """The head of the chain; None where nothing was ever sealed."""
    return Seal.objects.order_by("-number").first()


def _one(*, now: datetime) -> int:
    try:
        with transaction.atomic(using=router.db_for_write(Seal)):
            return _batch(now=now)
    except DatabaseError as error:
        if not (isinstance(error, IntegrityError) or overtaken(error)):
            raise
        # Somebody else made the very first seal, or under a strict isolation any, in the same moment: what is left goes into
        # the next.
        return 0


def _batch(*, now: datetime) -> int:
    # The first seal is the lock: it stays the same row while the head moves on, so that whoever waited for it
    # reads the head that is there afterwards.
    Seal.objects.select_for_update().filter(number=1).first()
    head = last()
    events = list(Event.objects.filter(seal__isnull=True).only(*_COLUMNS).order_by("pk")[:BATCH])
    if not events:
        return 0
    number, previous = (head.number + 1, head.digest) if head else (1, "")
    digest = chain.batch_digest(number, now, previous, chain.hashes_of(events))
    made = Seal.objects.create(
        number=number,
        sealed_at=now,
        count=len(events),
        previous=previous,
        digest=digest.hex,
        key_id=digest.key_id,
    )
    taken = Event.objects.filter(pk__in=[event.pk for event in events], seal__isnull=True).update(seal=made)
    if taken != len(events):
        msg = f"Seal {number}: another sealer took some of its events; this attempt is taken back."
        raise IntegrityError(msg)
    return len(events)
