"""What needs settings, workers or a death of its own is a module of its own, which prints what came of it as its last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def came_of(
    module: str, *arguments: object, timeout: int, without: Collection[str] = (), **environment: str
) -> Any:
    """The JSON that ``python -m module`` prints as its last line; fails with the end of its errors.

    ``timeout``: seconds. ``environment`` is set for it, and of the test's own it gets all but ``without``.
    """
    own = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT, env={**own, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])
