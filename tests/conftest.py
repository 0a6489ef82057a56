"""What every test has around it, and what the end of a run says: promises, faults, what did not run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

PROMISES = frozenset(
    f"P{row:02}"
    for first, last in [(1, 24), (25, 29), (30, 48), (50, 59), (70, 74), (80, 84)]
    for row in range(first, last + 1)
)
"""The rows of the table of promises; its sections leave numbers out."""

PUBLIC = ("tests/promises/", "tests/journeys/", "tests/example_shop/")
"""Where a test goes through a page, a command or a received mail of the example shop."""

SERVICES = {"postgresql": "PostgreSQL", "redis": "Redis", "browser": "browser", "npm": "npm"}
SHAPES = {"promise": re.compile("|".join(sorted(PROMISES))), "fault": re.compile(r"[A-Z]\d\d")}


# The same examples in every run: the gate tells about the code, not about luck; the nightly searches longer.
_always = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
hypothesis_settings.register_profile("gate", derandomize=True, max_examples=50, **_always)
hypothesis_settings.register_profile("nightly", max_examples=2_000, **_always)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(autouse=True)
def _fresh_surroundings() -> Iterator[None]:
    """No test inherits a cache, the language of a page that another one read, or what it knew of a mirror."""
    from django_rgpd.ledger import door  # its models, once there are apps

    door.forget()
    door._seen.none = time.monotonic()  # as a process that has asked already
    for alias in settings.CACHES:
        caches[alias].clear()
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def now() -> datetime:
    """A Tuesday noon on which no clock is changed, no month ends and no year begins."""
    return datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A Redis of the test's own, so that nobody's queues are touched."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("needs redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        for _try in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse marks that say nothing; leave out what needs a service, or a browser that nobody asked for."""
    asked_for_browsers = re.search(r"(?<!not )\bbrowser\b", config.option.markexpr or "")
    for item in items:
        for name, shape in SHAPES.items():
            for mark in item.iter_markers(name):
                if len(mark.args) != 1 or not shape.fullmatch(mark.args[0]):
                    raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.{name}{mark.args} names no {name}.")
        if item.get_closest_marker("browser") and not asked_for_browsers:
            item.add_marker(pytest.mark.skip(reason="browsers run where they are asked for: -m browser"))
        if item.get_closest_marker("postgresql") and connection.vendor != "postgresql":
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: set DATABASE_URL"))
        if item.get_closest_marker("npm") and not (shutil.which("npm") and shutil.which("npx")):
            item.add_marker(pytest.mark.skip(reason="needs npm and npx, which come with Node.js"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Send the marks along with the result, so that they arrive from the workers of a parallel run too."""
    report = yield
    if call.when == "setup":
        for name in SHAPES:
            report.user_properties += [(name, mark.args[0]) for mark in item.iter_markers(name)]
        report.user_properties += [("needs", name) for name in SERVICES if item.get_closest_marker(name)]
    return report


class Tally:
    """Counts results by mark, in the process that prints the end of the run."""

    def __init__(self) -> None:
        self.marks: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.outcome: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst that was said of each test."""
        self.marks[report.nodeid] |= set(map(tuple, report.user_properties))
        before = self.outcome.get(report.nodeid, "")
        if report.failed or before == "failed":
            self.outcome[report.nodeid] = "failed"
        elif report.skipped:
            self.outcome[report.nodeid] = "skipped"
        elif report.when == "call":
            self.outcome[report.nodeid] = "passed"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The three lines at the end."""
        kept = self.whole("promise", public=True)
        terminalreporter.write_line("")
        terminalreporter.write_line(f"promises kept: {len(kept)} of {len(PROMISES)}")
        terminalreporter.write_line(f"fault cases shown: {len(self.whole('fault'))}")
        if left_out := self.left_out():
            terminalreporter.write_line(f"not run: {', '.join(left_out)}")

    def whole(self, mark: str, *, public: bool = False) -> list[str]:
        """The rows whose tests all passed, those left out for want of a service aside."""
        tests: dict[str, list[str]] = defaultdict(list)
        for nodeid, marks in self.marks.items():
            for name, row in marks:
                if name == mark and self.outcome.get(nodeid) in {"passed", "failed"}:
                    tests[row].append(nodeid)
        return sorted(
            row
            for row, nodeids in tests.items()
            if all(self.outcome[nodeid] == "passed" for nodeid in nodeids)
            and (not public or any(nodeid.startswith(PUBLIC) for nodeid in nodeids))
        )

    def left_out(self) -> list[str]:
        """What was skipped, by the service it needed."""
        skipped = [nodeid for nodeid, outcome in self.outcome.items() if outcome == "skipped"]
        counts = {
            label: sum(("needs", name) in self.marks[nodeid] for nodeid in skipped)
            for name, label in SERVICES.items()
        }
        other = sum(not any(name == "needs" for name, _row in self.marks[nodeid]) for nodeid in skipped)
        return [f"{label} ({number})" for label, number in {**counts, "other": other}.items() if number]


def pytest_configure(config: pytest.Config) -> None:
    """Count in the controlling process only."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(), "rgpd-tally")
