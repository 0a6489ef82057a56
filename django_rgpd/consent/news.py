"""News of decisions: once for all whom a transaction is about, for the rooms above; and the public signal for each of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.dispatch import Signal

from django_rgpd import signals
from django_rgpd.consent.models import ConsentState

changed = Signal()
"""What stands for ``people`` (uuids of holders, a tuple) on ``purpose`` and ``channel`` was settled by an event of ``kind``. Sent
inside the transaction: a receiver takes as many statements for all as for one."""


def tell(people: Iterable[UUID], *, purpose: str, channel: str, kind: str) -> None:
    """Say, in the transaction that wrote it, that an event of ``kind`` about ``purpose`` and ``channel`` settled what stands for
    ``people``.
    """
    told = tuple(people)
    if not told:
        return
    changed.send(sender=ConsentState, people=told, purpose=purpose, channel=channel, kind=kind)
    for person in told:
        signals.consent_changed.send(
            sender=ConsentState, person=person, purpose=purpose, channel=channel, kind=kind
        )
