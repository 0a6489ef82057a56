"""What the ledger has done by itself: sealing, at every run."""

from __future__ import annotations

from datetime import datetime

from django_rgpd.ledger import mirror, seal
from django_rgpd.outbox.daily import each_run


@each_run("ledger.seal")
def seal_what_came(*, now: datetime) -> int:
    """Seal what was recorded since the last run, and have it mirrored; returns how many events."""
    number = seal.seal(now=now)
    mirror.put(now=now)
    return number
