"""The ledger's own term: an event loses its payload when the term of proofs is over, and keeps the hash of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from django.db import router, transaction
from django.db.models import Q

from django_rgpd.core import clock, conf
from django_rgpd.ledger import mirror
from django_rgpd.ledger.models import Event
from django_rgpd.policy import current
from django_rgpd.policy.own import PROOF

_kept: list[Callable[[], Q]] = []


def keep(condition: Callable[[], Q]) -> Callable[[], Q]:
    """Register (as a decorator) a condition on events whose payload stays past the term: what still proves
    something.
    """
    _kept.append(condition)
    return condition


def end_payloads(*, now: datetime) -> int:
    """Empty payload and actor of events whose term is over (GDPR art. 5.1 e); returns how many.

    An event that a standing consent rests on keeps them: the consent must be demonstrable (art. 7.1).
    """
    rows = Event.objects.filter(site=conf.get().SITE, at__lte=before(now), payload__isnull=False)
    for condition in _kept:
        rows = rows.exclude(condition())
    mirrored = rows.filter(seal__mirrored_at__isnull=False).order_by().values_list("seal__number", flat=True)
    with transaction.atomic(using=router.db_for_write(Event)):
        mirror.put_ended(sorted(mirrored.distinct()), now=now)
        return rows.update(payload=None, actor="")


def before(now: datetime) -> datetime:
    """The instant up to which the term of proofs is over at ``now``."""
    last = current().purpose(PROOF).term.cutoff(clock.legal_day(now))
    return datetime.combine(last, time.max, tzinfo=clock.legal_zone())
