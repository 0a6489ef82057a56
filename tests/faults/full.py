"""A storage on a disk that is full: what a peer may be, not what we are."""

from __future__ import annotations

import errno
from typing import IO, Any, ClassVar

from django.core.files.storage import FileSystemStorage


class FullStorage(FileSystemStorage):
    """Reads, and refuses to write or to delete while ``full``: a disk without space, or one that was mounted read-only."""

    full: ClassVar[bool] = True

    def _save(self, name: str, content: IO[Any]) -> str:
        self._refuse(errno.ENOSPC)
        saved: str = super()._save(name, content)
        return saved

    def delete(self, name: str) -> None:
        """As the disk allows."""
        self._refuse(errno.EROFS)
        super().delete(name)

    def _refuse(self, code: int) -> None:
        if self.full:
            raise OSError(code, "refused", "the-name-of-a-file")
