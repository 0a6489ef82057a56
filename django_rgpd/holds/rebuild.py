"""Holds placed again from the ledger: a restored dump may be older than the dispute."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.holds import lifting
from django_rgpd.holds.ending import LIFTED
from django_rgpd.holds.lifting import ANNOUNCED
from django_rgpd.holds.placing import PLACED, REVIEWED
from django_rgpd.ledger.models import Event
from django_rgpd.registry import held, holds, registry
from django_rgpd.registry.days import beginning
from django_rgpd.registry.models import Hold


def rebuild(*, now: datetime) -> int:
    """Place again what the ledger says was placed and not lifted, and end here what it says was lifted; returns how many.

    An end that was announced to the person comes on the day that she was told. To be called before anything is erased or swept
    again. No event is added. What staff wrote is not in the ledger: the reason says where the hold comes from, and the member of
    staff who placed or reviewed it last answers for it. A row that the dump does not have is lost with it: its key may be another
    row's by now, which nobody meant to hold.
    """
    events = Event.objects.filter(site=conf.get().SITE, kind__in=[PLACED, REVIEWED, ANNOUNCED, LIFTED])
    told: dict[UUID, dict[str, Event]] = {}
    for event in events.order_by("at", "pk"):
        if event.payload:
            told.setdefault(UUID(str(event.payload["hold"])), {})[event.kind] = event
    with transaction.atomic(using=Hold.objects.db):
        holds.alone()
        known = {one.uuid: one for one in Hold.objects.filter(uuid__in=list(told))}
        lifted = _lifted(told, known.values())
        announced = _announced(told, known.values())
        missing = [
            _hold(uuid, said, now=now)
            for uuid, said in told.items()
            if uuid not in known and PLACED in said and LIFTED not in said and _is_here(said[PLACED])
        ]
        placed = Hold.objects.bulk_create(missing, ignore_conflicts=True)
        for hold in (*announced, *(one for one in placed if one.ends_at is not None)):
            lifting.ends(hold, now=now)
        return lifted + len(announced) + len(placed)


def _is_here(placed: Event) -> bool:
    """Whether the row that a hold was placed on is in this database, and not a later one of the same key."""
    payload: Any = placed.payload
    if not payload["label"]:
        return True
    try:
        entry = registry.labelled(payload["label"])
    except LookupError:
        return False
    if entry is None:
        return False
    rows = entry.model._base_manager.filter(held.by_then(entry, "pk", placed.at), pk=payload["key"])
    return bool(rows.exists())


def _lifted(told: dict[UUID, dict[str, Event]], known: Iterable[Hold]) -> int:
    over = [one for one in known if one.lifted_at is None and LIFTED in told[one.uuid]]
    for hold in over:
        event = told[hold.uuid][LIFTED]
        hold.lifted_at, hold.lifted_by, hold.rows = event.at, event.actor, {}
    Hold.objects.bulk_update(over, ["lifted_at", "lifted_by", "rows"])
    return len(over)


def _announced(told: dict[UUID, dict[str, Event]], known: Iterable[Hold]) -> list[Hold]:
    """Those that the dump has without the end that was announced since."""
    found = [
        one for one in known if one.lifted_at is None and one.ends_at is None and ANNOUNCED in told[one.uuid]
    ]
    for hold in found:
        hold.ends_at = _day(told[hold.uuid])
    Hold.objects.bulk_update(found, ["ends_at"])
    return found


def _day(said: dict[str, Event]) -> datetime | None:
    if ANNOUNCED not in said:
        return None
    payload: Any = said[ANNOUNCED].payload
    return beginning(date.fromisoformat(payload["ends_on"]))


def _hold(uuid: UUID, said: dict[str, Event], *, now: datetime) -> Hold:
    placed, last = said[PLACED], said.get(REVIEWED, said[PLACED])
    payload: Any = last.payload
    return Hold(
        uuid=uuid,
        site=placed.site,
        kind=payload["kind"],
        person=placed.person,
        label=payload["label"],
        key=payload["key"],
        purposes=payload["purposes"],
        reason=_("Placed again from the ledger after a restore: see the file of that day."),
        owner=last.actor.removeprefix("user:"),
        since=placed.at,
        review_on=date.fromisoformat(payload["review_on"]),
        ends_at=_day(said),
    )
