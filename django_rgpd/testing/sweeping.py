"""The sweep: looks for canaries in tables, files, caches, sessions, mails and logs, in every form they may
take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import mail
from django.core.cache import caches
from django.db import connection

from django_rgpd.core import conf
from django_rgpd.erasure.residue import places
from django_rgpd.erasure.residue.columns import tables

if TYPE_CHECKING:
    from django_rgpd.testing.canaries import Canaries


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary that is still somewhere: where it is, and where it had been planted."""

    place: str
    planted: str

    def __str__(self) -> str:
        return f"{self.place} (planted at {self.planted})"


def sweep(canaries: Canaries, *, logs: str = "", mails: bool = True) -> list[Sighting]:
    """Every place where a canary is seen.

    Reads all columns of all tables that hold text, the declared storages, MEDIA_ROOT and EXPORT_ROOT,
    caches in memory, sessions,
    Django's test outbox (unless ``mails`` is False) and ``logs`` (``caplog.text``).
    """
    forms = dict(canaries.forms())
    if not forms:
        return []
    pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
    found: dict[Sighting, None] = {}
    for place, text in _everything(logs=logs, mails=mails):
        for seen in pattern.findall(text.casefold()):
            found[Sighting(place, forms[seen])] = None
    return list(found)


def _everything(*, logs: str, mails: bool) -> Iterator[tuple[str, str]]:
    yield from _tables()
    yield from _files()
    yield from ((f"session {key}", text) for key, text in places.sessions())
    yield from _caches()
    if mails:
        yield from _mails()
    yield "logs", logs


def _tables() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in tables(connection):
            cursor.execute(f"SELECT * FROM {table.place}")  # noqa: S608
            label = table.label
            for row in cursor.fetchall():
                yield label, "\x1f".join(_text(value) for value in row)


def _files() -> Iterator[tuple[str, str]]:
    for entry, field, name, text in places.files():
        yield f"{entry.label}.{field} file", f"{name}\x1f{text}"
    for root in (settings.MEDIA_ROOT, conf.get().EXPORT_ROOT):
        for path in Path(root).rglob("*") if root else ():
            if path.is_file():
                yield f"file {path.suffix}", f"{path}\x1f{_text(path.read_bytes())}"


def _caches() -> Iterator[tuple[str, str]]:
    for alias in settings.CACHES:
        kept = getattr(caches[alias], "_cache", None)
        for key, value in list(kept.items()) if isinstance(kept, dict) else ():
            yield f"cache {alias}", f"{key}\x1f{_text(value)}"


def _mails() -> Iterator[tuple[str, str]]:
    for message in getattr(mail, "outbox", ()):
        bodies = [str(body) for body, _type in getattr(message, "alternatives", ())]
        parts = [message.subject, message.body, *message.to, *bodies, str(message.extra_headers)]
        yield "mail", "\x1f".join(str(part) for part in parts)


def _text(value: object) -> str:
    if isinstance(value, memoryview):
        value = value.tobytes()
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
