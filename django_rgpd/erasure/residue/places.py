"""Places beside the tables: declared file storages, and sessions, whose data no table's text shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage
from django.db.models import FileField

from django_rgpd.registry import registry

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from django_rgpd.registry import Entry

LARGEST = 1_000_000
"""Bytes up to which a file's text is read."""


def files() -> Iterator[tuple[Entry, str, str, str]]:
    """Every file of the declared storages: entry and field that declare the storage, the file's name, its
    text.

    The text is empty where the file is large or none that is text (PDF, pictures, archives).
    """
    seen: list[Storage] = []
    for entry in registry:
        for name in entry.declaration.fields:
            column = entry.model._meta.get_field(name)
            if isinstance(column, FileField) and column.storage not in seen:
                seen.append(column.storage)
                for path in _walk(column.storage, ""):
                    yield entry, name, path, _text(column.storage, path)


def sessions() -> Iterator[tuple[str, str]]:
    """Every session that can be listed: a key's first characters and its data as text.

    Sessions in a cache or in cookies cannot be listed.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    model = store.get_model_class() if hasattr(store, "get_model_class") else None
    if isinstance(model, type) and issubclass(model, AbstractBaseSession):
        for session in model._base_manager.iterator():
            yield _shown(session.session_key), _readable(session.get_decoded())
    elif hasattr(store, "_get_storage_path"):
        yield from _session_files(store)


def _session_files(store: type[SessionBase]) -> Iterator[tuple[str, str]]:
    folder = Path(store._get_storage_path())  # type: ignore[attr-defined]
    for path in sorted(folder.glob(f"{settings.SESSION_COOKIE_NAME}*")):
        key = path.name.removeprefix(settings.SESSION_COOKIE_NAME)
        yield _shown(key), _readable(store(key).load())


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, names = storage.listdir(folder)
    except (NotImplementedError, FileNotFoundError, NotADirectoryError, SuspiciousOperation):
        return
    for name in sorted(names):
        yield f"{folder}{name}"
    for one in sorted(folders):
        yield from _walk(storage, f"{folder}{one}/")


def _text(storage: Storage, name: str) -> str:
    try:
        if storage.size(name) > LARGEST:
            return ""
        with storage.open(name) as stored:
            content = stored.read()
    except OSError:
        return ""
    if isinstance(content, str):
        return content
    if b"\0" in content or content.startswith(b"%PDF"):
        return ""
    return bytes(content).decode(errors="replace")


def _readable(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


def _shown(key: str) -> str:
    return f"{key[:4]}…"  # a whole key would let its reader in
