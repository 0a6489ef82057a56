"""An erasure that outlives its processor's worst day, and two of its workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mailchimp_marketing")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.promise("P44")
@pytest.mark.fault("P05")
@pytest.mark.timeout(200)
def test_an_erasure_with_mailchimp_down_for_a_day_and_the_worker_killed_twice_is_done_on_both_sides() -> None:
    environment = {name: one for name, one in os.environ.items() if name not in {"DATABASE_URL", "SHOP_VAR"}}
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.down_for_a_day"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert (told["killed"], told["held"], told["erasure"], told["broken"]) == (2, [], "done", [])
    assert told["job"][1] == {}
    assert told["evidence"]
