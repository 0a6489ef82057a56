"""What an erasure means for the person's holds: her own restriction ends, any other one goes on by the keys of its rows."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django_rgpd.holds.ending import end
from django_rgpd.registry import Subject, registry, scope
from django_rgpd.registry.columns import as_json
from django_rgpd.registry.conditions import NEVER, is_never
from django_rgpd.registry.holds import rows_held
from django_rgpd.registry.models import Hold

if TYPE_CHECKING:
    from django_rgpd.registry.holds import Holds, Standing

Rows = dict[str, dict[str, list[str | list[str]]]]


def follow(subject: Subject, *, kept: Holds, ended: Holds, now: datetime) -> None:
    """Bring the holds about ``subject`` through her erasure, in its transaction and before anything of hers goes.

    ``kept``: those that the erasure keeps to; after it nothing leads from her to her rows any more, so that they are noted by
    their keys, and nobody else who has her address by then is led to them. ``ended``: her own restrictions. Where there are none
    it costs nothing.
    """
    for hold in kept:
        if hold.label or (hold.subject is not None and hold.is_of(subject)):
            rows = _rows(subject, hold)
            if rows:
                Hold.objects.filter(uuid=hold.uuid, lifted_at__isnull=True).update(rows=rows)
    for hold in ended:
        end(hold.uuid, how="erasure", now=now)


def _rows(subject: Subject, hold: Standing) -> Rows:
    """Label → role → keys of the rows that are hers and have something that the hold keeps."""
    found: Rows = {}
    for entry in registry:
        if entry.model._meta.app_label == Hold._meta.app_label:
            continue
        for role in entry.people:
            purposes = {key for one in entry.fields_of(role).values() for key in one.purpose_keys}
            held = rows_held(entry, role, purposes, [hold]) if purposes else NEVER
            if is_never(held):
                continue
            hers = scope.rows(entry, role, subject).filter(held)
            keys = [as_json(key) for key in hers.values_list("pk", flat=True)]
            if keys:
                found.setdefault(entry.label, {})[role] = keys
    return found
