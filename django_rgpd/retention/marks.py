"""The marks: what of each declared model is released already, and whether what decides today was approved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import router
from django.db.models import F, QuerySet

from django_rgpd.core import clock, conf
from django_rgpd.registry import Entry
from django_rgpd.retention.fingerprint import fingerprint
from django_rgpd.retention.models import SweepMark

WITHDRAWN = "withdrawn"
"""In the place of the hash: somebody took the approval back, and nothing but another one lets the sweep go on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the sweep came with one model; ``aside``: the keys of rows that the database refused, as texts."""

    terms: str
    day: date | None
    top: int | None
    full_at: datetime | None
    resets: int
    aside: tuple[str, ...] = ()


def read(labels: Collection[str] | None = None) -> dict[str, Mark]:
    """Label → mark, of every model that has one (of ``labels``, where given); a single statement."""
    rows = _of(labels).values_list("label", "aside__key", "terms", "day", "top", "full_at", "resets")
    found: dict[str, Mark] = {}
    keys: dict[str, list[str]] = {}
    for label, key, hashed, day, top, full_at, resets in rows:
        found[label] = Mark(hashed, day, top, full_at, resets)
        if key is not None:
            keys.setdefault(label, []).append(key)
    return found | {label: replace(found[label], aside=tuple(sorted(aside))) for label, aside in keys.items()}


def adopted(entry: Entry, known: Mapping[str, Mark] | None = None) -> bool:
    """Whether what decides on ``entry`` today is what was approved, or adopted where nothing was to be released."""
    mark = (read() if known is None else known).get(entry.label)
    return mark is not None and mark.terms == fingerprint(entry)


def withdrawn(entry: Entry, known: Mapping[str, Mark]) -> bool:
    """Whether somebody took the approval of ``entry`` back."""
    mark = known.get(entry.label)
    return mark is not None and mark.terms == WITHDRAWN


def adopt(entries: Iterable[Entry], *, approved: datetime | None = None, actor: str = "") -> None:
    """Let what decides on ``entries`` today decide from now on; the next sweep looks at all their rows."""
    changes = {"approved_at": approved, "approved_by": actor} if approved else {}
    marks = [
        SweepMark(site=conf.get().SITE, label=entry.label, terms=fingerprint(entry), **changes)
        for entry in entries
    ]
    SweepMark.objects.bulk_create(
        marks,
        update_conflicts=True,
        unique_fields=["site", "label"],
        update_fields=["terms", "day", "full_at", *changes],
    )


def refuse(labels: Collection[str]) -> int:
    """Have models wait for an approval where something would be released. Returns how many."""
    return _of(labels).exclude(terms__in=["", WITHDRAWN]).update(terms="", day=None)


def withdraw(labels: Collection[str]) -> int:
    """Take the approval of models back: they wait, whatever is due, until somebody approves them. Returns of how many."""
    rows = _of(labels).exclude(terms=WITHDRAWN)
    return rows.update(terms=WITHDRAWN, day=None, approved_at=None, approved_by="")


def advance(labels: Collection[str], *, now: datetime) -> None:
    """Everything in these models that is due at ``now`` is released; nothing is said of one that was reset meanwhile."""
    if labels:
        _of(labels).filter(day__isnull=False).update(day=clock.legal_day(now))


def complete(label: str, mark: Mark, *, top: int | None, now: datetime) -> None:
    """The whole table was looked at, up to the key ``top``; nothing is said where the mark was reset since ``mark`` was read."""
    same = _of([label]).filter(resets=mark.resets, terms=mark.terms)
    same.update(day=clock.legal_day(now), top=top, full_at=now)


def reset(labels: Collection[str] | None = None) -> int:
    """Have the next sweep look at all rows of these models (of every one, without ``labels``): more is due than the marks know.

    To be called in the transaction of its reason: a hold that was lifted, a dump that came back. Returns how many marks.
    """
    return _of(labels).update(day=None, resets=F("resets") + 1)


def database() -> str:
    """Where the marks are written."""
    return router.db_for_write(SweepMark)


def _of(labels: Collection[str] | None) -> QuerySet[SweepMark]:
    marks = SweepMark.objects.filter(site=conf.get().SITE)
    return marks if labels is None else marks.filter(label__in=labels)
