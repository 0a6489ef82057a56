"""The lines of the table, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks.measure import Measured


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: orders of the two customers, rows of the large tables and of the night's, and rounds."""

    few: int
    many: int
    rows: int
    night: int
    rounds: int
    rounds_of_many: int


SIZES = {
    "quick": Size(few=20, many=200, rows=2_000, night=2_000, rounds=2, rounds_of_many=1),
    "usual": Size(few=1_000, many=20_000, rows=100_000, night=1_000_000, rounds=7, rounds_of_many=5),
    "large": Size(few=1_000, many=100_000, rows=1_000_000, night=1_000_000, rounds=7, rounds_of_many=5),
}

Line = Callable[[Size], Iterator[Measured]]
