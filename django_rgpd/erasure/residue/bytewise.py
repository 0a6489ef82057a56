"""Rows as bytes, searched a batch at a time: what a database that folds ASCII only leaves to Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

BATCH = 200
"""Rows looked through at once: so many that a search costs its bytes and not its calls."""

Bytes = tuple[bytes, ...]

_LOWER = bytes(range(256)).lower()
_MARKS = bytes(one for one in range(128) if not chr(one).isalnum())
"""Left out on both sides: a number in pairs is the same number, whatever stands between them."""


def matching(
    batches: Iterable[list[Bytes]], skipped: int, needles: Sequence[str], fragments: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """The rows, as text, in which a needle stands behind the first ``skipped`` cells.

    A batch without any of ``fragments`` is passed over as it is, and a row too; without fragments every row is folded.
    """
    near = _near(fragments)
    whole = re.compile("|".join(re.escape(needle) for needle in needles))
    for batch in batches:
        if not near(batch):
            continue
        for row in batch:
            if near((row,)):
                cells = tuple(cell.decode(errors="replace") for cell in row)
                if whole.search("\x1f".join(cells[skipped:]).casefold()):
                    yield cells


def _near(fragments: Sequence[str]) -> Callable[[Iterable[Bytes]], bool]:
    parts = {part.encode().translate(_LOWER, _MARKS) for part in fragments} or {b""}

    def near(rows: Iterable[Bytes]) -> bool:
        text = b"".join(chain.from_iterable(rows)).translate(_LOWER, _MARKS)
        return any(part in text for part in parts)

    return near
