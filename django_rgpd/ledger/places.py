"""Where the mirror is kept: a directory of this machine or a storage of ``STORAGES``; files there are never
changed."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from django_rgpd.core import conf

_BATCH = re.compile(r"(\d{12})\.json", re.ASCII)


class Place(Protocol):
    """A set of named files."""

    def names(self) -> Iterator[str]:
        """Every name there is."""

    def read(self, name: str) -> bytes | None:
        """What the file holds; None where there is none."""

    def has(self, name: str) -> bool:
        """Whether there is a file of this name; one question, whatever the number of files."""

    def add(self, name: str, content: bytes) -> bool:
        """Write a file that is not there yet, whole and durably or not at all; False where there is one."""

    def drop(self, name: str) -> None:
        """Take a file away; that it is not there is well."""

    def tidy(self) -> None:
        """Take away what workers that died left half written.

        Another worker that is at work loses its draft by it: its attempt fails, and is done again.
        """


def place() -> Place | None:
    """``RGPD["MIRROR_STORAGE"]``, else ``RGPD["MIRROR_ROOT"]``; None where there is no mirror."""
    read = conf.get()
    if read.MIRROR_STORAGE:
        return Elsewhere(storages[read.MIRROR_STORAGE])
    return Directory(Path(read.MIRROR_ROOT)) if read.MIRROR_ROOT else None


def numbers(found: Place) -> set[int]:
    """The numbers of the seals that the mirror has."""
    return {int(match[1]) for name in found.names() if (match := _BATCH.fullmatch(name))}


def batch_name(number: int) -> str:
    """The file of a sealed batch."""
    return f"{number:012d}.json"


def payloads_name(number: int) -> str:
    """The file of what ends at its term: the payloads and actors of a batch."""
    return f"{number:012d}.payloads.json"


class Directory:
    """A directory of this machine: itself 0700, the files in it 0600."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> Iterator[str]:
        """See ``Place``."""
        with suppress(FileNotFoundError), os.scandir(self.root) as found:
            yield from (one.name for one in found)

    def read(self, name: str) -> bytes | None:
        """See ``Place``; a link that somebody put there is not followed."""
        try:
            descriptor = os.open(self.root / name, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def has(self, name: str) -> bool:
        """See ``Place``; what is no directory, or cannot be listed, is no empty mirror: that raises."""
        with suppress(FileNotFoundError), os.scandir(self.root):
            return (self.root / name).exists()
        return False

    def add(self, name: str, content: bytes) -> bool:
        """See ``Place``: written beside, flushed to the disk, then linked under its name, which must be free."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.root / f".{secrets.token_hex(8)}.part"
        try:
            with open(draft, "xb", opener=_private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, self.root / name)
            except FileExistsError:
                return False
        finally:
            draft.unlink(missing_ok=True)
        self._flush()
        return True

    def drop(self, name: str) -> None:
        """See ``Place``."""
        (self.root / name).unlink(missing_ok=True)

    def tidy(self) -> None:
        """See ``Place``."""
        for path in self.root.glob(".*.part"):
            path.unlink(missing_ok=True)

    def _flush(self) -> None:
        directory = os.open(self.root, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class Elsewhere:
    """A storage of ``STORAGES``, which the shop keeps private."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def names(self) -> Iterator[str]:
        """See ``Place``."""
        with suppress(FileNotFoundError):
            yield from self.storage.listdir("")[1]

    def read(self, name: str) -> bytes | None:
        """See ``Place``."""
        if not self.storage.exists(name):
            return None
        with self.storage.open(name, "rb") as file:
            content: bytes = file.read()
        return content

    def has(self, name: str) -> bool:
        """See ``Place``."""
        return self.storage.exists(name)

    def add(self, name: str, content: bytes) -> bool:
        """See ``Place``; a storage gives another name where this one is taken."""
        if self.storage.exists(name):
            return False
        given = self.storage.save(name, ContentFile(content))
        if given != name:
            self.storage.delete(given)
        return given == name

    def drop(self, name: str) -> None:
        """See ``Place``."""
        with suppress(FileNotFoundError):
            self.storage.delete(name)

    def tidy(self) -> None:
        """See ``Place``: a storage writes whole files."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
