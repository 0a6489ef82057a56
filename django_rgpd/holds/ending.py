"""The end of a hold: it does not stand any more, whatever ended it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from django_rgpd import signals
from django_rgpd.ledger.record import record
from django_rgpd.registry.models import Hold

LIFTED = "hold.lifted"
"""The kind of event that the ledger gets."""


def end(hold: UUID, *, how: str, now: datetime, actor: str = "") -> Hold:
    """End the hold known as ``hold``, with its event and signal; twice is once.

    ``how``: "staff", "announced" or "erasure". ``actor``: the user who did it ("user:7"). What it held is like any other row
    from now on. Raises ``Hold.DoesNotExist``.
    """
    with transaction.atomic(using=Hold.objects.db):
        found = Hold.objects.select_for_update().get(uuid=hold)
        if found.lifted_at is not None:
            return found
        found.lifted_at, found.lifted_by, found.rows = now, actor, {}
        found.save(update_fields=["lifted_at", "lifted_by", "rows"])
        record(LIFTED, person=found.person, now=now, how=how, actor=actor, payload=told(found))
        signals.hold_lifted.send(Hold, **news(found))
    return found


def told(hold: Hold) -> dict[str, object]:
    """What the ledger keeps of a hold: enough to place it again (``rebuild``), and nothing that staff wrote."""
    return {
        "hold": str(hold.uuid),
        "kind": hold.kind,
        "label": hold.label,
        "key": hold.key,
        "purposes": list(hold.purposes),
        "review_on": hold.review_on.isoformat(),
    }


def news(hold: Hold) -> dict[str, object]:
    """What signals tell of a hold."""
    return {
        "hold": hold.uuid,
        "kind": hold.kind,
        "person": hold.person,
        "label": hold.label,
        "key": hold.key,
    }
