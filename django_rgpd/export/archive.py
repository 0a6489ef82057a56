"""The file that is handed over: the document itself, or a ZIP of it where files belong to it."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import astuple
from datetime import datetime
from typing import IO, TYPE_CHECKING

from django.apps import apps
from django.db import models

from django_rgpd.core import clock
from django_rgpd.export import collect, schema, storage
from django_rgpd.export.collect import Attachment
from django_rgpd.export.values import dumps, encoded, plain

if TYPE_CHECKING:
    from django_rgpd.export.collect import Tick
    from django_rgpd.export.models import Document
    from django_rgpd.registry import Subject

DOCUMENT = "export.json"
SCHEMA = "schema.json"
MISSING = "missing-files.json"
"""Files that a row names and that are not in their storage any more."""

_CHUNK = 1024 * 1024


def build(
    subject: Subject,
    document: Document,
    out: IO[bytes],
    *,
    now: datetime,
    tick: Tick | None = None,
    elsewhere: Callable[[IO[bytes]], object] | None = None,
) -> str:
    """Write the export to ``out``, from its beginning; returns its extension, ``json`` or ``zip``.

    ``elsewhere`` writes what processors hold.

    Neither the document nor a file is ever whole in memory. A file that its storage has lost is listed in the
    archive; a storage that does not answer raises, for the job to be tried again.
    """
    with tempfile.TemporaryFile() as listed:

        def attach(one: Attachment) -> None:
            listed.write(encoded(json.dumps(astuple(one)) + "\n"))

        collected = collect.write(
            subject, document, out, now=now, attach=attach, tick=tick, elsewhere=elsewhere
        )
        if not collected.files:
            return storage.JSON
        with tempfile.TemporaryFile() as written:
            out.seek(0)
            shutil.copyfileobj(out, written, _CHUNK)
            out.seek(0)
            out.truncate()
            written.seek(0)
            listed.seek(0)
            _pack(written, _listed(listed), document, out, now=now, tick=tick)
        return storage.ZIP


def _pack(
    written: IO[bytes],
    attachments: Iterator[Attachment],
    document: Document,
    out: IO[bytes],
    *,
    now: datetime,
    tick: Tick | None,
) -> None:
    missing: list[str] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        _add(archive, DOCUMENT, written, now=now)
        archive.writestr(_entry(SCHEMA, now), encoded(dumps(schema.own(document))))
        for one in attachments:
            try:
                file = _stored(one)
            except FileNotFoundError:
                missing.append(one.path)
                continue
            with closing(file):
                _add(archive, one.path, file, now=now)
            if tick is not None:
                tick()
        if missing:
            archive.writestr(_entry(MISSING, now), encoded(dumps(plain(missing))))


def _add(archive: zipfile.ZipFile, path: str, source: IO[bytes], *, now: datetime) -> None:
    with archive.open(_entry(path, now), "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target, _CHUNK)


def _entry(path: str, now: datetime) -> zipfile.ZipInfo:
    local = now.astimezone(clock.legal_zone())
    entry = zipfile.ZipInfo(path, local.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _stored(one: Attachment) -> IO[bytes]:
    """The file in its storage. Raises ``FileNotFoundError``, whatever the storage says of a lost file."""
    field = apps.get_model(one.label)._meta.get_field(one.column)
    if not isinstance(field, models.FileField):
        raise FileNotFoundError
    try:
        opened: IO[bytes] = field.storage.open(one.name, "rb")
        return opened
    except FileNotFoundError:
        raise
    except Exception:
        if field.storage.exists(one.name):
            raise
        raise FileNotFoundError from None


def _listed(file: IO[bytes]) -> Iterator[Attachment]:
    for line in file:
        yield Attachment(*json.loads(line))
