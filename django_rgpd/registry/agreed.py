"""The rows of which the person has a live consent: asked here, answered by the room that keeps consents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from django_rgpd.registry.conditions import any_of

if TYPE_CHECKING:
    from django.db.models import Q

    from django_rgpd.registry.site import Entry


class Answerer(Protocol):
    """Gives the condition that is true of rows whose person in ``role`` has a live consent for ``purpose``."""

    def __call__(self, entry: Entry, role: str, purpose: str, *, now: datetime) -> Q:
        """The condition, on the entry's model."""


_answerers: list[Answerer] = []


def register(answerer: Answerer) -> Answerer:
    """Let ``answerer`` say which rows stand on a live consent; usable as a decorator."""
    if answerer not in _answerers:
        _answerers.append(answerer)
    return answerer


def live(entry: Entry, role: str, purpose: str, *, now: datetime) -> Q:
    """Rows whose person in ``role`` agreed to ``purpose`` and still does; where nobody answers, no row (art. 7.1)."""
    return any_of(*(answer(entry, role, purpose, now=now) for answer in _answerers))


def forget(answerer: Callable[..., Q]) -> None:
    """Take ``answerer`` out again, as tests do."""
    _answerers[:] = [one for one in _answerers if one is not answerer]
