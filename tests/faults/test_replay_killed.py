"""A replay killed anywhere: the door stays shut, and done again it comes to the same end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(step: int) -> dict[str, object]:
    """The trial of ``kill_replay``, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill_replay", str(step)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


@pytest.mark.fault("C01")
@pytest.mark.fault("B01")
@pytest.mark.timeout(120)
def test_a_replay_killed_at_some_of_its_statements_ends_as_if_it_had_not_been() -> None:
    """kill -9 while events come back, consents are written, people are erased, seals are set."""
    result = run(step=23)

    assert result["problems"] == []
    assert int(str(result["tried"])) >= 5


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_replay_killed_at_any_of_its_statements_ends_as_if_it_had_not_been() -> None:
    """The same at every single statement."""
    assert run(step=1)["problems"] == []
