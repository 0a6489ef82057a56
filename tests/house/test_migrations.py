"""A database of the first release that is full of rows comes to the newest, and back, with all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
def test_a_filled_database_of_the_first_release_comes_to_the_newest_and_back() -> None:
    """Nothing is lost; the ledger is guarded; no table is written anew, which would keep everybody from reading it meanwhile."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.house.filled"],
        cwd=ROOT, env=dict(os.environ), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.strip().splitlines()[-1]) == {
        "empty": [],
        "lost": [],
        "rewritten": [],
        "unguarded": [],
        "other after coming back": False,
        "lost at last": [],
        "written to at once": [],
        "written to": ["ada@example.com"],
    }
