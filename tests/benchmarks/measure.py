"""Measuring: floor and candidate in shuffled order, the median of their paired ratios, statements and memory."""

from __future__ import annotations

import ctypes
import gc
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took: seconds, statements, and memory above what the process held before (MiB)."""

    seconds: float
    statements: int
    memory: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table; ``target`` is the highest ratio that is promised, ``more`` the most memory above the floor's."""

    name: str
    rows: int
    floor: Taken
    candidate: Taken
    ratio: float
    target: float | None
    more: float | None = None

    @property
    def met(self) -> bool:
        """Whether what is promised holds."""
        return self.within(1)

    def within(self, part: float) -> bool:
        """Whether what is promised holds when it is taken ``part`` times as wide, as shared machines need it."""
        slow = self.target is not None and self.ratio > part * self.target
        return not slow and (
            self.more is None or self.candidate.memory - self.floor.memory <= part * self.more
        )


def compare(
    name: str,
    *,
    rows: int,
    floor: Work,
    candidate: Work,
    before: Work | None = None,
    after_floor: Work | None = None,
    rounds: int,
    target: float | None = None,
    more: float | None = None,
) -> Measured:
    """Run both ``rounds`` times in an order drawn for each round; one round before is not counted.

    ``before`` is done before each run and ``after_floor`` after each run of the floor; neither is timed. ``target`` is the
    highest ratio, ``more`` the memory above the floor's (MiB) that is promised.
    """
    order = random.Random(1)  # noqa: S311 - any order but always the same one
    found: dict[str, list[Taken]] = {"floor": [], "candidate": []}
    works = {"floor": floor, "candidate": candidate}
    for _round in range(rounds + 1):
        for which in order.sample(list(works), 2):
            if before is not None:
                before()
            found[which].append(taken(works[which]))
            if which == "floor" and after_floor is not None:
                after_floor()
    floors, candidates = found["floor"][1:], found["candidate"][1:]
    ratio = median(b.seconds / a.seconds for a, b in zip(floors, candidates, strict=True))
    return Measured(name, rows, _middle(floors), _middle(candidates), ratio, target, more)


def taken(work: Work) -> Taken:
    """What one run of ``work`` takes."""
    counted = [0]

    def count(execute: Callable[..., Any], *given: Any) -> Any:
        counted[0] += 1
        return execute(*given)

    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(count))
        _forget_peak()
        held = _kib("VmRSS")
        started = time.perf_counter()
        work()
        seconds = time.perf_counter() - started
        return Taken(seconds, counted[0], max(0.0, (_kib("VmHWM") - held) / 1024))


def _middle(runs: list[Taken]) -> Taken:
    """The medians; of the memory, which a run may find free from the one before, the most."""
    return Taken(
        median(run.seconds for run in runs),
        round(median(run.statements for run in runs)),
        max(run.memory for run in runs),
    )


def _forget_peak() -> None:
    """Have Linux begin the process's peak anew; elsewhere memory is not measured.

    What earlier runs have freed is given back before, or the next would hide in it.
    """
    gc.collect()
    if _CLEAR.exists():
        if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # glibc has it
            trim(0)
        _CLEAR.write_text("5")


def _kib(name: str) -> int:
    if not _STATUS.exists():
        return 0
    lines = _STATUS.read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
