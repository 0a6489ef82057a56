"""The search: one scan a table, then the storages and sessions; what stays by the rule is told apart."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connections
from django.utils.translation import gettext_lazy as _

from django_rgpd.erasure.residue import kept, places, scan
from django_rgpd.erasure.residue.columns import Table, searched, tables
from django_rgpd.erasure.residue.fragments import fragments
from django_rgpd.erasure.residue.values import Value, distinctive, gather
from django_rgpd.registry import Subject

log = logging.getLogger(__name__)

NOT_SEARCHED = (
    _("the text inside PDF files, pictures and archives, and files of more than one megabyte"),
    _("binary columns"),
    _("sessions kept in a cache or in cookies: they die with the account"),
    _("backups, logs, and what recipients hold"),
)
"""What the search does not reach, for whoever reads its answer."""

Sought = Subject | Iterable[Value] | Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a value stands: never the value itself.

    ``label`` is the model's label or the table's name, ``pk`` the row's key as text (masked where it holds
    the value), ``kind``
    the kind of value. ``kept`` says why it stays by the rule; empty for residue.
    """

    label: str
    column: str
    pk: str
    kind: str
    kept: str = ""

    def __str__(self) -> str:
        place = f"{self.label}.{self.column} {self.pk}".strip()
        return f"{place}: {self.kind}" + (f" ({self.kept})" if self.kept else "")


def not_searched() -> list[str]:
    """``NOT_SEARCHED``, with the databases of this shop that the search cannot read."""
    words = _("database %(alias)s (%(name)s)")
    unread = [one for one in connections.all() if not searched(one)]
    return [
        *(str(one) for one in NOT_SEARCHED),
        *(str(words) % {"alias": one.alias, "name": one.display_name} for one in unread),
    ]


def search(sought: Sought, *, now: datetime) -> list[Finding]:
    """Where the values of ``sought`` are found: a person (her distinctive values are gathered first),
    values, or kind → texts.

    Every text column of every table of every database (but for those of ``not_searched``), the declared storages, and the
    sessions that can be listed. Call it outside of a request: it reads whole tables.
    """
    values = _values(sought)
    needles = sorted({needle for value in values for needle in value.needles})
    if not needles:
        return []
    found = list(dict.fromkeys(_everywhere(values, needles)))
    return kept.told_apart(found, now=now)


def residue_of(sought: Sought, *, now: datetime) -> list[Finding]:
    """What ``search`` finds and the rule does not keep."""
    return [finding for finding in search(sought, now=now) if not finding.kept]


def _values(sought: Sought) -> list[Value]:
    if isinstance(sought, Subject):
        return gather(sought)
    if isinstance(sought, Mapping):
        return distinctive(sought)
    return list(sought)


def _everywhere(values: list[Value], needles: list[str]) -> Iterator[Finding]:
    parts = fragments(values)
    for connection in connections.all():
        if not searched(connection):
            log.warning(
                "Database %s is %s, which is not searched.", connection.alias, connection.display_name
            )
            continue
        for table in tables(connection):
            for key, texts in scan.rows(connection, table, needles, parts):
                yield from _in_row(table, key, texts, values)
    for entry, field, name, text in places.files():
        for kind in _kinds(values, f"{name}\x1f{text}"):
            yield Finding(entry.label, field, _masked(values, name), kind)
    for session, text in places.sessions():
        for kind in _kinds(values, text):
            yield Finding("sessions", "data", session, kind)


def _in_row(
    table: Table, key: tuple[object, ...], texts: tuple[object, ...], values: list[Value]
) -> Iterator[Finding]:
    blank = Finding(table.label, "", _masked(values, " ".join(str(part) for part in key)), "")
    for column, text in zip(table.columns, texts, strict=True):
        for kind in _kinds(values, str(text or "")):
            yield replace(blank, column=table.field_of(column), kind=kind)


def _kinds(values: list[Value], text: str) -> list[str]:
    folded = f"{text.casefold()}\x1f{text.lower()}"
    return sorted({value.kind for value in values if any(needle in folded for needle in value.needles)})


def _masked(values: list[Value], key: str) -> str:
    return "…" if _kinds(values, key) else key
