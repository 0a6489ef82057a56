"""News from a processor: what it says that somebody did there, handed up to whoever listens; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol


class Kind(Enum):
    """What may be heard of somebody. That she agreed is not among it: nobody can agree for her."""

    LEFT = "left"
    """She ended ``purpose`` there."""
    COMPLAINED = "complained"
    """She called a mail spam."""
    UNREACHABLE = "unreachable"
    """Nothing arrives at her address any more."""
    MOVED = "moved"
    """They know her by another address by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that the processor ``processor`` (its key) says. ``at``: when it was; None where nobody knows."""

    kind: Kind
    processor: str
    address: str = field(repr=False)
    purpose: str = ""
    at: datetime | None = None


class Listener(Protocol):
    """Takes news: may be told the same twice, and of people whom nobody knows."""

    def __call__(self, news: News, *, now: datetime) -> object: ...


_listeners: list[Listener] = []


def listen(listener: Listener) -> Listener:
    """Register (as a decorator) who takes news."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell(news: News, *, now: datetime) -> None:
    """Give ``news`` to everybody who listens. What a listener raises is the caller's: the processor tells it again."""
    for listener in _listeners:
        listener(news, now=now)
