"""Run by a test in a process of its own: work killed at each of its steps, resumed, and compared with work that was not.

``python -m tests.faults.kill SCENARIO STEP`` tries every STEP-th point; a point is a statement, or a file of the shop that
is opened, renamed, linked or removed. The process at that point dies by ``kill -9``. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.pop("DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from tests.faults.scenarios import SCENARIOS, Scenario  # noqa: E402

SHOP = Path(settings.VAR)
ORIGINAL = SHOP.with_name(f"{SHOP.name}-original")
TOUCHED = {"open", "os.rename", "os.link", "os.remove"}


def prepare(scenario: Scenario) -> None:
    """The shop as it is before the work, kept to begin from again."""
    call_command("migrate", verbosity=0)
    scenario.prepare()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copytree(SHOP, ORIGINAL)


def begin_again() -> None:
    """The database and the files as they were before."""
    connection.close()
    for path in SHOP.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(ORIGINAL, SHOP, dirs_exist_ok=True)


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child that is killed before its point ``number``; False where it ended before."""
    connection.close()
    child = os.fork()
    if child == 0:
        _die_at(number)
        with connection.execute_wrapper(_statement):
            work()
        connection.close()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"The work itself failed before point {number}.")
    return os.WIFSIGNALED(status)


_left = 0


def _die_at(number: int) -> None:
    global _left  # noqa: PLW0603 - an audit hook cannot be taken out, and its process ends with it
    _left = number
    sys.addaudithook(_file)


def _point() -> None:
    global _left  # noqa: PLW0603
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def _statement(run: Callable[..., object], *args: object) -> object:
    _point()
    return run(*args)


def _file(event: str, args: tuple[Any, ...]) -> None:
    if event in TOUCHED and isinstance(args[0], str | os.PathLike) and str(args[0]).startswith(str(SHOP)):
        _point()


def main(name: str, step: int) -> None:
    """Try every ``step``-th point."""
    scenario = SCENARIOS[name]()
    prepare(scenario)
    scenario.work()
    scenario.later()
    expected, problems, tried, number = scenario.end(), [], 0, 1
    problems += [f"never killed: {one}" for one in scenario.wrong_at_last()]
    while True:
        begin_again()
        if not killed_at(number, scenario.work):
            break
        problems += [f"after point {number}: {one}" for one in scenario.wrong_at_once()]
        scenario.work()
        scenario.later()
        problems += [f"resumed after point {number}: {one}" for one in scenario.wrong_at_last()]
        if (found := scenario.end()) != expected:
            differing = {key: (found[key], expected[key]) for key in found if found[key] != expected[key]}
            problems.append(f"another end after point {number}: {differing}")
        tried += 1
        number += step
    sys.stdout.write(json.dumps({"tried": tried, "points": number - 1, "problems": problems}) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    finally:
        shutil.rmtree(ORIGINAL, ignore_errors=True)
