"""What a new policy or declaration would newly release is shown, and waits until somebody approves it (fault of a first run)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd.core.errors import Misconfigured
from django_rgpd.erasure import reach, statements
from django_rgpd.ledger.record import record
from django_rgpd.policy import current
from django_rgpd.registry import holds, rule
from django_rgpd.registry.conditions import all_of
from django_rgpd.retention import accounts, finding, marks
from django_rgpd.retention.whole import of_accounts, rows_due, whole

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from django_rgpd.registry import Entry

APPROVED = "policy.approved"
WITHDRAWN = "policy.withdrawn"
"""Kinds of events in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A model that the sweep leaves alone: something else decides on it than before, and would release rows.

    ``rows``: how many now (of the user model: how many accounts would be warned of, or end). ``changed``: purpose → rows that
    hold something for it which would go.
    """

    label: str
    rows: int
    changed: Mapping[str, int] = field(default_factory=dict)


def waiting(*, now: datetime, only: Collection[str] = ()) -> list[Waiting]:
    """The models that wait for an approval at ``now``, by label; nothing is written.

    ``only``: labels to restrict to. Two statements for all of them, and none where nothing changed.
    """
    return shown(_changed(only), now=now)


def shown(changed: Iterable[Entry], *, now: datetime) -> list[Waiting]:
    """Those of the ``changed`` models in which something would be released, now or once no hold keeps it, and those whose
    approval was withdrawn.
    """
    entries = list(changed)
    standing: holds.Holds = ()  # a hold that ends must not release what nobody has approved
    found = finding.counts({entry.label: _rows(entry, now=now, standing=standing) for entry in entries})
    purposes = {
        f"{entry.label} {key}": rows
        for entry in entries
        if found[entry.label]
        for key, rows in _by_purpose(entry, now=now, standing=standing).items()
    }
    counted = finding.counts(purposes)
    known = marks.read() if entries else {}
    withdrawn = {label for label, mark in known.items() if mark.terms == marks.WITHDRAWN}
    return [
        Waiting(label=label, rows=rows, changed=_of_label(label, counted))
        for label, rows in sorted(found.items())
        if rows or label in withdrawn
    ]


def settle(changed: Iterable[Entry] | None = None, *, now: datetime) -> list[Waiting]:
    """Adopt the ``changed`` models (all that are) in which nothing would be released; returns the others."""
    entries = _changed() if changed is None else list(changed)
    left = shown(entries, now=now)
    labels = {one.label for one in left}
    harmless = [entry for entry in entries if entry.label not in labels]
    if harmless:
        marks.adopt(harmless)
    return left


def approve(labels: Iterable[str], *, now: datetime, actor: str) -> int:
    """Let the sweep go to work on models that wait; the next one looks at all their rows. Returns how many models.

    ``actor``: who approved ("user:7", "command"). What was shown is recorded with the policy's version (GDPR art. 5.2); a
    label that does not wait is passed over. Raises ``Misconfigured`` for one that is not declared.
    """
    wanted = _labelled(labels)
    with transaction.atomic():
        found = {one.label: one for one in waiting(now=now, only=[entry.label for entry in wanted])}
        if found:
            marks.adopt([entry for entry in wanted if entry.label in found], approved=now, actor=actor)
            _record(APPROVED, {label: one.rows for label, one in found.items()}, now=now, actor=actor)
    return len(found)


def withdraw(labels: Iterable[str], *, now: datetime, actor: str, lasting: bool = True) -> int:
    """Take an approval back: the models wait again, and what was cut into jobs and is not done yet is refused.

    ``lasting``: they wait until somebody approves them; otherwise only where something would be released. Returns how many
    models. Raises ``Misconfigured`` for a label that is not declared.
    """
    wanted = [entry.label for entry in _labelled(labels)]
    with transaction.atomic():
        number = marks.withdraw(wanted) if lasting else marks.refuse(wanted)
        if number:
            _record(WITHDRAWN, dict.fromkeys(wanted, 0), now=now, actor=actor)
    return number


def _changed(only: Collection[str] = ()) -> list[Entry]:
    known = marks.read()
    asked = [entry for entry in reach.entries() if not only or entry.label in only]
    return [entry for entry in asked if not marks.adopted(entry, known)]


def _of_label(label: str, counted: Mapping[str, int]) -> dict[str, int]:
    parted = ((*name.rpartition(" ")[::2], number) for name, number in counted.items())
    return {key: number for of, key, number in parted if of == label and number}


def _rows(entry: Entry, *, now: datetime, standing: holds.Holds) -> QuerySet[Model]:
    if of_accounts(entry):
        return accounts.ending(at=now + relativedelta(days=accounts.DAYS_BEFORE[0]))
    return rows_due(whole(entry, now=now, standing=standing))


def _by_purpose(entry: Entry, *, now: datetime, standing: holds.Holds) -> dict[str, QuerySet[Model]]:
    if of_accounts(entry):
        return {}
    part = whole(entry, now=now, standing=standing)
    groups: dict[str, list[reach.Group]] = {}
    for group in part.groups:
        for name, personal in group.fields.items():
            for ref, key in zip(personal.purposes, personal.purpose_keys, strict=True):
                about = all_of(group.released, rule.applies(entry, ref))
                groups.setdefault(key, []).append(reach.Group(released=about, fields={name: personal}))
    return {
        key: statements.rows_of(entry, all_of(part.where, statements.pending(entry, tuple(found))))
        for key, found in groups.items()
    }


def _labelled(labels: Iterable[str]) -> list[Entry]:
    wanted = {label.lower(): label for label in labels}
    found = [entry for entry in reach.entries() if entry.label.lower() in wanted]
    unknown = wanted.keys() - {entry.label.lower() for entry in found}
    if unknown:
        names = ", ".join(sorted(wanted[one] for one in unknown))
        raise Misconfigured(_("Not declared: %(labels)s.") % {"labels": names})
    return found


def _record(kind: str, labels: Mapping[str, int], *, now: datetime, actor: str) -> None:
    payload = {"labels": dict(labels), "policy": current().version.isoformat()}
    record(kind, person=None, now=now, how="policy", actor=actor, payload=payload)
