"""A mirror whose disk is full, whose files cannot be read, or whose storage has ideas of its own."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from django_rgpd.ledger import mirror, record, tasks, verify
from django_rgpd.ledger.models import Seal
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from tests.ledger.test_mirror import root, run

__all__ = ["root"]

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class Renaming(FileSystemStorage):
    """Gives every file a name of its own, as a storage may that keeps what is public."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Never the one that was asked for."""
        return super().get_available_name(f"x-{name}", max_length)


def said(now: datetime) -> list[str]:
    """What is wrong with the ledger."""
    return [str(one) for one in verify.verify(now=now)]


def sealed(now: datetime) -> bytes:
    """Record and seal, and mirror nothing; what the file of the last seal will be."""
    record.record("x", person=None, now=now, payload={"n": 1})
    tasks.seal_what_came(now=now)
    last = Seal.objects.latest("number")
    return mirror.batch_content(last, last.events.all())


@pytest.mark.fault("C07")
@pytest.mark.parametrize("size", [0, 20, -1])
def test_a_file_that_was_half_written_is_written_anew(root: Path, now: datetime, size: int) -> None:
    run(now)
    whole = sealed(now)
    (root / "000000000002.json").write_bytes(whole[:size])

    assert deliver.run_due(now=now).counts == {"done": 1}

    assert (root / "000000000002.json").read_bytes() == whole
    assert said(now) == []


@pytest.mark.fault("B04")
def test_a_file_that_has_more_is_no_half_written_one(root: Path, now: datetime) -> None:
    run(now)
    whole = sealed(now)
    (root / "000000000002.json").write_bytes(whole + b" ")

    assert deliver.run_due(now=now).counts == {"needs": 1}
    assert (root / "000000000002.json").read_bytes() == whole + b" "


@pytest.mark.fault("C07")
def test_a_full_disk_is_said_and_what_waited_is_mirrored_when_there_is_room(
    root: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(now)

    def full(*args: Any, **how: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        patch.setattr(FileSystemStorage, "_save", full)
        for hours in range(0, 72, 6):
            run(now + timedelta(hours=hours))
    assert "wait for the mirror since more than a day" in said(now + 3 * DAY)[0]
    assert {path.name[:12] for path in root.iterdir()} == {"000000000001"}

    run(now + 4 * DAY)

    assert not Seal.objects.filter(mirrored_at=None).exists()
    assert said(now + 4 * DAY) == []
    assert not Job.objects.filter(state=State.NEEDS).exists()


@pytest.mark.fault("B04")
@pytest.mark.parametrize("name", ["000000000001.json", "000000000001.payloads.json"])
def test_a_file_that_cannot_be_read_is_named_and_so_are_the_others(
    tmp_path: Path, settings, now: datetime, name: str
) -> None:
    """A link that leads to itself, a directory in the place of a file."""
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(tmp_path)}
    for _time in range(3):
        run(now)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(name)
    (tmp_path / "000000000002.json").unlink()
    (tmp_path / "000000000002.json").mkdir()
    (tmp_path / "000000000003.json").unlink()

    assert [one.split(":")[0] for one in said(now)] == ["seal 3", "seal 1", "seal 2", "seal 3"]


@pytest.mark.fault("B04")
def test_a_storage_with_names_of_its_own_is_said_once_a_day(tmp_path: Path, settings, now: datetime) -> None:
    backend = {"BACKEND": f"{__name__}.Renaming", "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "mirror": backend}
    settings.RGPD = {**settings.RGPD, "MIRROR_STORAGE": "mirror"}
    for minutes in range(0, 60, 5):
        run(now + timedelta(minutes=minutes))

    (job,) = Job.objects.filter(name=mirror.JOB)
    assert job.state == State.NEEDS
    assert "must not give names of its own" in job.note
    assert not Seal.objects.filter(mirrored_at__isnull=False).exists()
    assert list(tmp_path.iterdir()) == []
