"""Refuses a policy that is written in another form than it is read in, before anything is promised by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

Tests = dict[str, tuple[Callable[[object], bool], str]]
"""Argument → whether a value of it can be read, and how it is written."""


def a(*kinds: type) -> Callable[[object], bool]:
    """Whether a value is of one of ``kinds``."""
    return lambda value: isinstance(value, kinds)


def maybe(*kinds: type) -> Callable[[object], bool]:
    """Whether a value is of one of ``kinds``, or none."""
    return lambda value: value is None or isinstance(value, kinds)


def some(kind: type) -> Callable[[object], bool]:
    """Whether a value is a list, or the like, of values of ``kind``; one text is no list of texts."""
    return lambda value: (
        isinstance(value, Iterable)
        and not isinstance(value, str)
        and all(isinstance(one, kind) for one in value)
    )


def refuse(what: str, value: object, tests: Tests) -> None:
    """Raise ``TypeError``, as for an argument too many, for the first argument of ``value`` that cannot be read."""
    for name, (fits, example) in tests.items():
        given = getattr(value, name)
        if not fits(given):
            msg = f"{what}: {wrong(name, given, fits, example)}"
            raise TypeError(msg)


def wrong(name: str, given: object, fits: Callable[[object], bool], example: str) -> str:
    """What is wrong with ``given``, which is called ``name`` and does not fit: with what is in it, where only that does not."""
    if isinstance(given, Iterable) and not isinstance(given, str) and fits([]):
        for one in given:
            if not fits([one]):
                return f"{name} has {called(one)} in it, and is written as {example}."
    if isinstance(given, Mapping) and fits({}):
        for key, one in given.items():
            if not fits({key: one}):
                return f"{name}[{key!r}] is {called(one)}, and {name} is written as {example}."
    return f"{name} is {called(given)}, and is written as {example}."


def called(value: object) -> str:
    """What somebody wrote, without its value."""
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
