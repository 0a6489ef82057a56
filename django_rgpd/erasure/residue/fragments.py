"""Fragments: short plain texts of which every row that holds a value has one, looked for before anything is folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_rgpd.erasure.residue.values import Value

_SHORTEST = 5
_LONGEST = 24
_READ = 200  # characters of a needle in which a fragment is looked for


def fragments(values: Iterable[Value]) -> tuple[str, ...]:
    """Lower-case ASCII texts one of which stands in each form of each value.

    A database lowers ASCII many times faster than letters of all languages, and a name of nine spellings has one
    fragment: who has none is not it. Empty where some form has no such text (a name in Greek letters): then only the
    whole search can tell.
    """
    found: set[str] = set()
    for value in values:
        left = sorted(value.needles, key=lambda needle: (len(needle), needle))
        hosts = [needle.partition("@")[2] for needle in left if "@" in needle]
        while left:
            best = _best(left, hosts)
            if not best:
                return ()
            found.add(best)
            left = [needle for needle in left if best not in needle]
    return tuple(sorted(one for one in found if not any(other in one for other in found - {one})))


def _best(needles: list[str], hosts: list[str]) -> str:
    """The text of the first needle that the most others have too; a mailbox's host is everybody's."""
    first, best, most = needles[0], "", 0
    for one in _texts(first):
        if any(one in host for host in hosts):
            continue
        count = sum(one in needle for needle in needles)
        if count > most:
            best, most = one, count
    return best or (first if first.isascii() else "")


def _texts(needle: str) -> Iterator[str]:
    """Long ones first, and those at the end before those at the beginning: what is rare comes last in a name or street.

    "ss" may be an ß in the text, which becomes two letters only when all of Unicode is folded.
    """
    read = needle[:_READ]
    for length in range(min(_LONGEST, len(read)), _SHORTEST - 1, -1):
        for start in range(len(read) - length, -1, -1):
            one = read[start : start + length]
            if one.isascii() and "ss" not in one:
                yield one
