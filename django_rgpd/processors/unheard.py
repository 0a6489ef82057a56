"""Vendors' clients log the URLs that they call, in which an address or a digest of one may stand: none of it reaches a log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_calling: ContextVar[bool] = ContextVar("calling", default=False)


@contextmanager
def unheard() -> Iterator[None]:
    """Nothing that a client or its transport logs while the block runs is passed on, at any level."""
    token = _calling.set(True)
    try:
        yield
    finally:
        _calling.reset(token)


def _not_ours(record: logging.LogRecord) -> bool:
    return not _calling.get()


for _name in ("stripe", "urllib3.connectionpool", "urllib3.connection"):
    logging.getLogger(_name).addFilter(_not_ours)
