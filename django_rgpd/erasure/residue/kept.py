"""What is found and stays by the rule: an invoice's name under its law, a job that is about to end by
itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import FileField

from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import Occasion, current
from django_rgpd.processors import calling
from django_rgpd.registry import Entry, holds, registry, rule

if TYPE_CHECKING:
    from django_rgpd.erasure.residue.search import Finding
    from django_rgpd.registry import Personal

PASSING_JOBS = frozenset({"erasure.second_pass", "erasure.open_business", "mail", calling.ERASE})
"""Jobs that hold an address until they are done (minutes after an erasure, when what is kept may go, when a processor has
answered), and are emptied then."""

_WAITING = (State.WAITING, State.RUNNING, State.NEEDS)


def told_apart(findings: Iterable[Finding], *, now: datetime) -> list[Finding]:
    """The findings, each with why it stays (``kept``) where the rule says so."""
    listed = list(findings)
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in listed:
        groups.setdefault((finding.label, finding.column), []).append(finding.pk)
    stays = {place: _staying(*place, pks, now=now) for place, pks in groups.items()}
    return [replace(one, kept=stays[one.label, one.column].get(one.pk, "")) for one in listed]


def _staying(label: str, column: str, pks: list[str], *, now: datetime) -> dict[str, str]:
    if label == Job._meta.label:
        return _passing(pks)
    entry = _entry(label)
    personal = entry.declaration.fields.get(column) if entry else None
    if entry is None or personal is None:
        return {}
    reason = _reason(personal)
    return dict.fromkeys(_held(entry, column, personal, pks, now=now), reason)


def _passing(pks: list[str]) -> dict[str, str]:
    jobs = Job._base_manager.filter(pk__in=pks, name__in=PASSING_JOBS, state__in=_WAITING)
    return {str(pk): "a job under way" for pk in jobs.values_list("pk", flat=True)}


def _held(entry: Entry, column: str, personal: Personal, pks: list[str], *, now: datetime) -> set[str]:
    """The keys (a file's name where the finding is a file) of rows of which the field does not fall on an
    erasure."""
    rows = entry.model._base_manager
    goes = rule.released(entry, personal, Occasion.ERASURE, now=now, holds=holds.standing())
    found: set[str] = set()
    for path in ("pk", column) if isinstance(entry.model._meta.get_field(column), FileField) else ("pk",):
        try:
            asked = rows.filter(**{f"{path}__in": pks})
            falling = {str(key) for key in asked.filter(goes).values_list(path, flat=True)}
            found |= {str(key) for key in asked.values_list(path, flat=True)} - falling
        except (ValueError, ValidationError):  # a file's name is no key, a masked key is none either
            continue
    return found


def _reason(personal: Personal) -> str:
    purposes = [current().purpose(key) for key in personal.purpose_keys]
    return ", ".join(str(purpose.label) for purpose in purposes)


def _entry(label: str) -> Entry | None:
    try:
        return registry.of(apps.get_model(label))
    except (LookupError, ValueError):
        return None
