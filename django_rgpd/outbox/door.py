"""The door: whether what the shop sends of its own accord may leave; rooms above say why it may not."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[], str]
"""Says in words why nothing may leave; nothing where all is well. Asked often, so it must cost little."""

_watches: list[Watch] = []


def watch(asked: Watch) -> Watch:
    """Register (as a decorator) what shuts the door."""
    if asked not in _watches:
        _watches.append(asked)
    return asked


def shut() -> str:
    """Why nothing may leave, in words for staff; empty where the door is open."""
    return next((words for asked in _watches if (words := asked())), "")
