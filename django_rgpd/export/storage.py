"""The private place where exports wait: outside of what a web server serves, for the shop's process alone."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import Storage, storages

from django_rgpd.core import conf
from django_rgpd.core.errors import Misconfigured

JSON = "json"
ZIP = "zip"
CSV = "csv"
"""A list that is being imported, which waits in the same place; the room that imports ends it."""

_NAME = re.compile(r"[0-9a-f]{32}\.(?:json|zip|csv)", re.ASCII)
_PART = re.compile(r"[0-9a-f]{32}\.part", re.ASCII)


class Place(Protocol):
    """Where finished exports are."""

    def keep(self, draft: IO[bytes], extension: str) -> str:
        """Put a finished draft there in one step; returns its name."""

    def open(self, name: str) -> IO[bytes]:
        """Open a finished export. Raises ``FileNotFoundError``."""

    def delete(self, name: str) -> None:
        """Delete it; that it is not there is well."""

    def left_behind(self, *, before: datetime) -> Iterator[str]:
        """Names of all that was last written before that instant, half-written drafts among them."""

    def draft(self) -> contextlib.AbstractContextManager[IO[bytes]]:
        """A file to write to, which nobody can collect; it is gone afterwards unless it was kept."""


def place() -> Place:
    """``RGPD["EXPORT_STORAGE"]``, else ``RGPD["EXPORT_ROOT"]``, else a directory of the process's user."""
    read = conf.get()
    if read.EXPORT_STORAGE:
        return Elsewhere(storages[read.EXPORT_STORAGE])
    if read.EXPORT_ROOT:
        return Directory(Path(read.EXPORT_ROOT))
    return Directory(Path(tempfile.gettempdir()) / f"django-rgpd-exports-{os.getuid()}")


def checked(name: str) -> str:
    """``name``, if it is one that ``keep`` gave. Raises ``SuspiciousFileOperation`` for every other text."""
    if not _NAME.fullmatch(name):
        raise SuspiciousFileOperation("This is not the name of an export.")
    return name


def _fresh(extension: str) -> str:
    return f"{secrets.token_hex(16)}.{extension}"


class Directory:
    """A directory of this machine: itself 0700, the files in it 0600."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def draft(self) -> Iterator[IO[bytes]]:
        """A file beside the finished ones, which is renamed when it is whole."""
        self._own()
        path = self.root / _fresh("part")
        try:
            with open(path, "x+b", opener=_private) as file:
                yield file
        finally:
            path.unlink(missing_ok=True)

    def keep(self, draft: IO[bytes], extension: str) -> str:
        """Flush it to the disk, then rename it: it is there whole, or it is not there."""
        name = checked(_fresh(extension))
        draft.flush()
        os.fsync(draft.fileno())
        Path(draft.name).replace(self.root / name)
        with _directory(self.root) as directory:
            os.fsync(directory)
        return name

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the directory; a link that somebody put there is not followed."""
        try:
            descriptor = os.open(self.root / checked(name), os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise FileNotFoundError from error
        return os.fdopen(descriptor, "rb")

    def delete(self, name: str) -> None:
        """Delete a finished file or a draft."""
        if _PART.fullmatch(name) or checked(name):
            (self.root / name).unlink(missing_ok=True)

    def left_behind(self, *, before: datetime) -> Iterator[str]:
        """Names of files of ours that were last written before that instant."""
        if not self.root.is_dir():
            return
        for path in self.root.iterdir():
            if not (_NAME.fullmatch(path.name) or _PART.fullmatch(path.name)):
                continue
            with contextlib.suppress(FileNotFoundError):
                if path.lstat().st_mtime < before.timestamp():
                    yield path.name

    def _own(self) -> None:
        """Make the directory, or take from others what they may do in it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.root.lstat()
        if found.st_uid != os.getuid():
            msg = f"The directory of exports belongs to another user (uid {found.st_uid})."
            raise Misconfigured(msg)
        if found.st_mode & 0o077:
            self.root.chmod(0o700)


class Elsewhere:
    """A storage of ``STORAGES``, which the shop keeps private; drafts are written on this machine."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    @contextmanager
    def draft(self) -> Iterator[IO[bytes]]:
        """A file without a name."""
        with tempfile.TemporaryFile() as file:
            yield file

    def keep(self, draft: IO[bytes], extension: str) -> str:
        """Send it there."""
        draft.flush()
        draft.seek(0)
        return checked(self.storage.save(checked(_fresh(extension)), File(draft)))

    def open(self, name: str) -> IO[bytes]:
        """Read it from there; never by a link that would work for others."""
        if not self.storage.exists(checked(name)):
            raise FileNotFoundError
        return self.storage.open(name, "rb")

    def delete(self, name: str) -> None:
        """Delete it there."""
        with contextlib.suppress(FileNotFoundError):
            self.storage.delete(checked(name))

    def left_behind(self, *, before: datetime) -> Iterator[str]:
        """Names of exports there that were last written before that instant."""
        for name in self.storage.listdir("")[1]:
            if _NAME.fullmatch(name) and self.storage.get_modified_time(name) < before:
                yield name


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
