"""The one collector of both documents: every declared table, page by page, straight into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from posixpath import basename
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from django.db import models

from django_rgpd.export import header, values
from django_rgpd.export.columns import Column, columns
from django_rgpd.export.models import Document
from django_rgpd.registry import holds, registry, scope

if TYPE_CHECKING:
    from django.db.models import Q, QuerySet

    from django_rgpd.registry import Entry, Subject

PAGE = 2_000
"""Rows of one query: pages by key cost no more than one cursor, hold no transaction open, and need no
server-side cursor, which sites behind PgBouncer turn off."""

_BUFFERED = 500
"""Rows written at once."""

Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored file of a row: the column that names it, its name in the storage, its path in the archive."""

    label: str
    column: str
    name: str
    path: str


@dataclass(slots=True)
class Collected:
    """What was written: rows by table and role, and how many files belong to them."""

    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    files: int = 0

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


Attach: TypeAlias = Callable[[Attachment], object]
Tick: TypeAlias = Callable[[], object]


def write(
    subject: Subject,
    document: Document,
    file: IO[bytes],
    *,
    now: datetime,
    attach: Attach | None = None,
    tick: Tick | None = None,
    entries: Iterable[Entry] | None = None,
    elsewhere: Callable[[IO[bytes]], object] | None = None,
) -> Collected:
    """Write ``document`` about ``subject`` to ``file`` as one JSON document in UTF-8 (art. 15, 20).

    ``attach`` is told of each stored file as its row is written; ``tick`` is called after each page, so that
    a long job can say that it lives. ``entries``: the declared tables by default. ``elsewhere`` writes what
    processors hold, for the document of access. Queries grow with the
    tables and the pages of ``PAGE`` rows; memory with neither. Texts are in the active language.
    """
    subject = holds.sparing(subject, holds.standing())
    writer = _Writer(subject, document, file, attach=attach, tick=tick)
    writer.begin(header.envelope(subject, document, now=now))
    for entry in registry if entries is None else entries:
        for role in entry.people:
            writer.table(entry, role)
    writer.end(elsewhere if document == Document.ACCESS else None)
    return writer.collected


class _Writer:
    """Writes one document, in the order in which it is read."""

    def __init__(
        self,
        subject: Subject,
        document: Document,
        file: IO[bytes],
        *,
        attach: Attach | None,
        tick: Tick | None,
    ) -> None:
        self.subject, self.document, self.file = subject, document, file
        self.attach, self.tick = attach, tick
        self.collected = Collected()

    def begin(self, envelope: header.Object) -> None:
        """The header, up to the tables."""
        self._write(values.dumps(envelope)[:-1] + ', "tables": [')

    def end(self, elsewhere: Callable[[IO[bytes]], object] | None) -> None:
        """What closes the document."""
        self._write("\n]")
        if elsewhere is not None:
            self._write(', "processors": ')
            elsewhere(self.file)
        self._write("}\n")

    def table(self, entry: Entry, role: str) -> None:
        """One table of one role, if the person has a row in it."""
        shown = columns(entry, role, self.document)
        if not shown:
            return
        written = 0
        lines = self._lines(entry, shown)
        for page in self._pages(entry, role, shown):
            if page and not written:
                comma = "," if self.collected.rows else ""
                about = header.table(entry, role, shown, self.document)
                self._write(f'{comma}\n{values.dumps(about)[:-1]}, "rows": [')
            for start in range(0, len(page), _BUFFERED):
                rows = lines(page[start : start + _BUFFERED])
                self._write(("," if written else "") + "\n" + ",\n".join(rows))
                written += len(rows)
            if self.tick is not None:
                self.tick()
        if written:
            self._write(f'\n], "count": {written}}}')
            self.collected.rows[entry.label, role] = written

    def _lines(self, entry: Entry, shown: Sequence[Column]) -> Callable[[list[Row]], list[str]]:
        """What writes rows, a column at a time; a row begins with its key, whether that is shown or not."""
        pairs = [values.dumps(column.key).replace("%", "%%") + ": %s" for column in shown]
        line = "{" + ", ".join(pairs) + "}"
        files = {
            place: self._path(entry, column)
            for place, column in enumerate(shown)
            if isinstance(column.field, models.FileField)
        }

        before = 0 if _begins_with_key(entry, shown) else 1

        def write(rows: list[Row]) -> list[str]:
            cells = list(zip(*rows, strict=True))[before:]
            for place, path in files.items():
                cells[place] = tuple(path(name) for name in cells[place])
            return [line % row for row in zip(*(values.texts(column) for column in cells), strict=True)]

        return write

    def _path(self, entry: Entry, column: Column) -> Callable[[object], str | None]:
        """What gives a stored file its path in the archive, and tells of it."""

        def path(name: object) -> str | None:
            if not name:
                return None
            self.collected.files += 1
            found = f"files/{entry.label}/{self.collected.files:06d}-{_plain_name(str(name))}"
            if self.attach is not None:
                self.attach(Attachment(entry.label, column.field.name, str(name), found))
            return found

        return path

    def _pages(self, entry: Entry, role: str, shown: Sequence[Column]) -> Iterator[list[Row]]:
        before: list[Q] = []
        paths = [column.path for column in shown]
        if not _begins_with_key(entry, shown):
            paths.insert(0, "pk")
        for condition in scope.conditions(entry, role, self.subject):
            rows = entry.model._base_manager.filter(condition).order_by("pk")
            for earlier in before:
                rows = rows.exclude(pk__in=entry.model._base_manager.filter(earlier).values("pk"))
            before.append(condition)
            yield from _paged(rows, paths)

    def _write(self, text: str) -> None:
        self.file.write(values.encoded(text))


def _begins_with_key(entry: Entry, shown: Sequence[Column]) -> bool:
    return shown[0].field is entry.model._meta.pk


def _paged(rows: QuerySet[models.Model], paths: Sequence[str]) -> Iterator[list[Row]]:
    """The rows in pages by their key, the first of ``paths``, each once, however often a path to the person leads to it."""
    last: object = None
    while True:
        page: list[Row] = list(
            (rows if last is None else rows.filter(pk__gt=last)).values_list(*paths)[:PAGE]
        )
        once = []
        for row in page:
            if row[0] != last:
                once.append(row)
            last = row[0]
        yield once
        if len(page) < PAGE:
            return


def _plain_name(name: str) -> str:
    """The last part of a stored file's name, without what a path or a terminal would understand."""
    kept = "".join(one if one.isalnum() or one in "-_." else "_" for one in basename(name.replace("\\", "/")))
    return kept.lstrip(".")[-80:] or "file"
