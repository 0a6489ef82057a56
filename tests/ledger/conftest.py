"""A mirror that is the test's own."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from django_rgpd.core import clock
from tests.ledger.restoring import BACK

Replay = Callable[..., str]


@pytest.fixture
def mirror_root(tmp_path: Path, settings) -> Path:
    """Where the mirror is."""
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(tmp_path / "mirror"), "PRODUCTION": True}
    return tmp_path / "mirror"


@pytest.fixture
def replay(mirror_root: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Runs ``rgpd_replay`` after the restore, and gives all that it says."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(clock, "now", lambda: BACK)
        said = StringIO()
        call_command("rgpd_replay", *arguments, stdout=said, stderr=said)
        return said.getvalue()

    return run
