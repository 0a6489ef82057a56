"""The private files of an import: what was handed in, what was accepted of it, and the report; for a day at most."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from django.utils.translation import gettext as _

from django_rgpd.export import storage
from django_rgpd.imports import reasons
from django_rgpd.imports.judging import Consent
from django_rgpd.imports.malformed import Malformed
from django_rgpd.imports.reading import LARGEST


def keep(chunks: Iterable[bytes]) -> str:
    """Keep what was handed in; returns its random name. Raises ``Malformed`` for too large a file: nothing is kept of it."""
    place, size = storage.place(), 0
    with place.draft() as draft:
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST:
                raise Malformed(_("The file is larger than 50 MB: cut it in two."))
            draft.write(chunk)
        return place.keep(draft, storage.CSV)


def keep_rows(rows: Iterable[tuple[object, ...]]) -> str:
    """Keep rows of our own; returns the name."""
    place = storage.place()
    with place.draft() as draft:
        text = io.TextIOWrapper(draft, encoding="utf-8", newline="", write_through=True)
        try:
            csv.writer(text).writerows(rows)
        finally:
            text.detach()
        return place.keep(draft, storage.CSV)


def row_of(consent: Consent) -> tuple[object, ...]:
    """A consent as ``keep_rows`` takes it."""
    at = consent.at.isoformat()
    return consent.line, consent.address, at, consent.how, consent.wording, consent.language


def consents(name: str, *, after: int) -> Iterator[Consent]:
    """The accepted lines below line ``after``."""
    for line, address, at, how, wording, language in _rows(name):
        if int(line) > after:
            yield Consent(int(line), address, datetime.fromisoformat(at), how, wording, language)


def refused(name: str) -> Iterator[tuple[int, str]]:
    """Line and reason, in words, of each line that is not taken."""
    for line, reason, other in _rows(name):
        yield int(line), reasons.words(reason, other)


def report(refusals: Iterable[tuple[int, str]]) -> Iterator[str]:
    """The report as a CSV that a spreadsheet opens: numbers of lines and our own words, not one cell of the file."""
    yield "\ufeff"  # else Excel reads accents as two letters
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in _headed(refusals):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def drop(*names: str) -> None:
    """Delete files; that one is not there is well."""
    for name in filter(None, names):
        storage.place().delete(name)


def forget(named: set[str], *, before: datetime) -> None:
    """Delete files of imports that no row names: of workers that died."""
    place = storage.place()
    for name in list(place.left_behind(before=before)):
        if name.endswith(f".{storage.CSV}") and name not in named:
            place.delete(name)


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """A file to read. Raises ``FileNotFoundError``."""
    with storage.place().open(name) as file:
        yield file


def _headed(refusals: Iterable[tuple[int, str]]) -> Iterator[tuple[object, object]]:
    yield _("line"), _("reason")
    yield from refusals


def _rows(name: str) -> Iterator[list[str]]:
    with opened(name) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        yield from csv.reader(text)
