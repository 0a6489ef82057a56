"""A mirror, a dump, and commands that are run at an hour of one's choice."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from django_rgpd.core import clock
from tests.faults import dumps
from tests.ledger.restoring import HOUR, NOW

Run = Callable[..., str]


@pytest.fixture
def mirror(tmp_path: Path, settings) -> Path:
    """A mirror of its own."""
    if missing := dumps.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(tmp_path / "mirror"), "PRODUCTION": True}
    return tmp_path / "mirror"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Where the dump is."""
    return tmp_path / "dump"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command at an hour after ``NOW``, and gives all that it says."""

    def run(name: str, *arguments: str, hours: float = 3) -> str:
        monkeypatch.setattr(clock, "now", lambda: NOW + hours * HOUR)
        said = StringIO()
        call_command(name, *arguments, stdout=said, stderr=said)
        return said.getvalue()

    return run
