"""A private place, the wordings of a newsletter, and files of lists."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core import serializers

from django_rgpd.consent.models import Wording
from django_rgpd.imports import batches, trial
from django_rgpd.imports.models import ConsentImport
from django_rgpd.outbox.deliver import run_due

HEADER = "email,date,how,wording\n"
Sheet = Callable[..., bytes]
Run = Callable[..., ConsentImport]


@pytest.fixture(autouse=True)
def private(tmp_path: Path, settings: object) -> Path:
    """Where the files of imports wait."""
    root = tmp_path / "private"
    settings.RGPD = {**settings.RGPD, "EXPORT_ROOT": str(root), "EXPORT_STORAGE": ""}  # type: ignore[attr-defined]
    return root


@pytest.fixture
def wording(db: None, now: datetime) -> Wording:
    """What stood beside the box for years."""
    return Wording.objects.create(
        purpose="newsletter",
        language="fr",
        text="Oui, une lettre par mois.",
        valid_from=now - timedelta(days=3000),
    )


def sheet(*rows: str, header: str = HEADER) -> bytes:
    """A list, in UTF-8."""
    return (header + "".join(f"{row}\n" for row in rows)).encode()


def good(address: str = "ada@example.com", *, date: str = "2024-05-02 10:00") -> str:
    """A line that proves a consent."""
    return f"{address},{date},form on the home page,newsletter fr 1"


def judged(content: bytes, now: datetime, *, wording: str = "", channel: str = "email") -> trial.Trial:
    """What the trial says of a file."""
    return trial.judge(io.BytesIO(content), "newsletter", channel, wording=wording, now=now)


@pytest.fixture
def imported(now: datetime) -> Run:
    """Hand a file in, have it judged, confirm, and let the jobs work."""

    def run(
        content: bytes, *, purpose: str = "newsletter", channel: str = "email", at: datetime = now
    ) -> ConsentImport:
        batch = batches.receive([content], purpose=purpose, channel=channel, actor="user:1", now=at)
        work(at)
        assert batches.confirm(batch.uuid, actor="user:1", now=at)
        work(at)
        batch.refresh_from_db()
        return batch

    return run


def work(now: datetime) -> None:
    """Carry out the jobs of imports."""
    run_due(now=now, names=frozenset({batches.JUDGE, batches.TAKE}))


def database(*without: str) -> str:
    """A hash over every row of every table of the library's."""
    rows = [
        json.loads(serializers.serialize("json", model._base_manager.order_by("pk")))
        for model in apps.get_app_config("django_rgpd").get_models()
        if model.__name__ not in without
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def files(root: Path) -> list[Path]:
    """What lies in the private place."""
    return sorted(root.iterdir()) if root.is_dir() else []
