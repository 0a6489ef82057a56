"""``python -m tests.benchmarks``: what the engine costs, each line with its floor measured in the same run."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.benchmarks.measure import Measured

NAMES = ("erasing", "ending", "night", "exporting", "searching", "consenting", "audience", "appending")


def main() -> int:
    """Measure what was asked for and print the table; 1 where ``--check`` finds a target missed by a quarter."""
    asked = _asked()
    if asked.database == "sqlite":
        os.environ.pop("DATABASE_URL", None)
    elif asked.database == "postgresql" and not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        sys.exit("DATABASE_URL names no PostgreSQL: set it to postgres://user@host:port/name.")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    os.environ["BENCH_VAR"] = tempfile.mkdtemp(prefix="bench-")
    try:
        found = list(_run(asked.only, asked.size))
    finally:
        shutil.rmtree(os.environ["BENCH_VAR"], ignore_errors=True)
    missed = [line.name for line in found if not line.within(1.25)]
    if asked.check and missed:
        print("\nMore than promised, by a quarter: " + "; ".join(missed))
    return int(bool(asked.check and missed))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", dest="size", action="store_const", const="quick", default="usual",
                        help="a few rows and rounds: shows that it runs, measures nothing")  # fmt: skip
    parser.add_argument("--large", dest="size", action="store_const", const="large",
                        help="a million rows, and a customer of 100 000 orders; takes long")  # fmt: skip
    parser.add_argument("--only", action="append", choices=NAMES, help="only these lines; may be repeated")
    parser.add_argument("--database", choices=["sqlite", "postgresql"],
                        help="PostgreSQL where DATABASE_URL names one, else SQLite")  # fmt: skip
    parser.add_argument("--check", action="store_true",
                        help="exit with 1 where a ratio is more than a quarter above its target")  # fmt: skip
    return parser.parse_args()


def _run(only: list[str] | None, size: str) -> Iterator[Measured]:
    import django

    django.setup()
    from django.db import connection

    from tests.benchmarks.lines import (
        SIZES,
        appending,
        audience,
        consenting,
        ending,
        erasing,
        exporting,
        searching,
    )

    lines = {
        "erasing": erasing.erasing,
        "ending": ending.ending,
        "night": ending.night,
        "exporting": exporting.exporting,
        "searching": searching.searching,
        "consenting": consenting.consenting,
        "audience": audience.audience,
        "appending": appending.appending,
    }
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = f"test_bench_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        print(f"{connection.display_name}, sizes: {size}\n")
        print(_row("work", "rows", "floor s", "s", "ratio", "target", "statements", "memory MiB"))
        print(_row(*["---", *["---:"] * 7]))
        for each in only or NAMES:
            for line in lines[each](SIZES[size]):
                print(_shown(line), flush=True)
                yield line
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _shown(line: Measured) -> str:
    target = "" if line.target is None else f"≤ {line.target:g}"
    target += "" if line.more is None else f", +{line.more:g} MiB"
    return _row(
        line.name,
        f"{line.rows:,}".replace(",", " "),
        f"{line.floor.seconds:.4f}",
        f"{line.candidate.seconds:.4f}",
        f"{line.ratio:.2f}",
        target if line.met else f"{target} (missed)",
        f"{line.floor.statements} → {line.candidate.statements}",
        f"{line.floor.memory:.1f} → {line.candidate.memory:.1f}",
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
