"""The benchmarks run: nothing is timed here, but a table that cannot be made any more is worth nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_line_of_the_table_can_be_measured() -> None:
    """In a process of its own, since the measured shop is installed nowhere else."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1, "a table that Markdown reads"
    for work in ("erase", "release all", "night", "export", "residue", "consents", "audience", "append"):
        assert any(work in line for line in lines), done.stdout
    erasures = [line.split(" → ")[1].split(" ")[0] for line in lines if "erase a customer" in line]
    assert len(set(erasures)) == 1, "as many statements for few orders as for many"
    assert int(erasures[0]) <= 30 + 12, "the models of the measured shop, and what is around them"
