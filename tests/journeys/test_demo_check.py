"""``demo --check``: the whole journey over HTTP, in a shop of its own, as anybody can run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from example_shop import journey

MANAGE = Path(journey.__file__).parent / "manage.py"


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
@pytest.mark.promise("P12")
@pytest.mark.promise("P13")
@pytest.mark.promise("P22")
@pytest.mark.promise("P25")
@pytest.mark.promise("P27")
@pytest.mark.promise("P30")
@pytest.mark.promise("P32")
@pytest.mark.timeout(400)
def test_whole_journey_is_walked_a_line_a_step() -> None:
    left_out = ("DATABASE_URL", "SHOP_VAR", "DJANGO_SETTINGS_MODULE")
    done = subprocess.run(
        [sys.executable, str(MANAGE), "demo", "--check", "--customers", "2"],
        env={name: value for name, value in os.environ.items() if name not in left_out},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [line for line in done.stdout.splitlines() if line.strip().partition(".")[0].isdigit()]
    assert len(steps) == len(journey.STEPS)
