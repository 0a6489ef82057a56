"""The mirror: written once, compared for ever, and rid of what has ended."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import pytest
from django.core.checks import run_checks

from django_rgpd.ledger import guard, mirror, places, record, seal, tasks, terms, verify
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["MIRROR_ROOT", "MIRROR_STORAGE"])
def root(request: pytest.FixtureRequest, tmp_path: Path, settings) -> Path:
    """A mirror in a directory, or in a storage."""
    found = tmp_path / "mirror"
    if request.param == "MIRROR_STORAGE":
        backend = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(found)},
        }
        settings.STORAGES = {**settings.STORAGES, "mirror": backend}
        settings.RGPD = {**settings.RGPD, "MIRROR_STORAGE": "mirror"}
    else:
        settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(found)}
    return found


def run(now: datetime, number: int = 1) -> None:
    """Record, seal, mirror."""
    record.many(
        [record.Draft(kind="x", person=None, payload={"n": n}, actor="user:1") for n in range(number)],
        now=now,
    )
    tasks.seal_what_came(now=now)
    deliver.run_due(now=now)


def test_a_batch_is_one_file_and_is_written_once(root: Path, now: datetime) -> None:
    run(now, 3)
    run(now)
    before = {path.name: path.read_bytes() for path in root.iterdir()}
    assert sorted(before) == [
        "000000000001.json",
        "000000000001.payloads.json",
        "000000000002.json",
        "000000000002.payloads.json",
    ]
    assert not Seal.objects.filter(mirrored_at__isnull=True).exists()
    Seal.objects.update(mirrored_at=None)
    mirror.put(now=now)
    assert deliver.run_due(now=now).counts == {"done": 1}
    assert {path.name: path.read_bytes() for path in root.iterdir()} == before
    assert list(verify.verify(now=now)) == []


def test_the_files_are_the_processs_alone(tmp_path: Path, settings, now: datetime) -> None:
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(tmp_path / "own")}
    run(now)
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "own").iterdir()} == {0o600}


@pytest.mark.fault("G05")
@pytest.mark.django_db(transaction=True)
def test_a_tail_that_was_cut_off_is_found_and_nothing_more_is_sealed(root: Path, now: datetime) -> None:
    for _time in range(3):
        run(now)
    with guard.lifted():
        Event.objects.filter(seal__number=3).delete()
        Seal.objects.filter(number=3).delete()
    (fault,) = verify.verify(now=now)
    assert "ends at seal 3 and the database at 2" in fault.what
    record.record("x", person=None, now=now)
    with pytest.raises(mirror.MirrorUnfit):
        seal.seal(now=now)
    assert Seal.objects.count() == 2


@pytest.mark.fault("B04")
def test_a_mirror_that_lacks_or_changed_a_batch_is_found(root: Path, now: datetime) -> None:
    for _time in range(3):
        run(now)
    (root / "000000000001.json").unlink()
    path = root / "000000000002.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"kind":"x"', b'"kind":"y"'))
    assert [fault.where for fault in verify.verify(now=now)] == ["seal 1", "seal 2"]


@pytest.mark.fault("B04")
@pytest.mark.parametrize("change", [None, b"", b"[]", b'{"a": 1}', (b"user:1", b"user:2")])
def test_a_mirror_that_lost_or_changed_what_events_say_is_found(root: Path, now: datetime, change) -> None:
    for _time in range(2):
        run(now)
    path = root / "000000000002.payloads.json"
    path.chmod(0o600)
    if change is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(*change) if isinstance(change, tuple) else change)
    (fault,) = verify.verify(now=now)
    assert fault.where == "seal 2"
    assert path.name in fault.what


@pytest.mark.fault("B04")
def test_a_fork_is_refused_with_words_and_changes_nothing(root: Path, now: datetime) -> None:
    root.mkdir()
    (root / "000000000001.json").write_bytes(b"another shop's")
    record.record("x", person=None, now=now)
    made = Seal.objects.create(number=1, sealed_at=now, count=0, digest="x", key_id="x")
    mirror.put(now=now)
    assert deliver.run_due(now=now).counts == {"needs": 1}
    assert "forked" in Job.objects.get(state=State.NEEDS).note
    assert (root / "000000000001.json").read_bytes() == b"another shop's"
    made.refresh_from_db()
    assert made.mirrored_at is None


def test_what_ends_at_its_term_goes_from_the_mirror_too(root: Path, now: datetime) -> None:
    run(now)
    before = (root / "000000000001.json").read_bytes()
    assert b"user:1" in (root / "000000000001.payloads.json").read_bytes()
    later = now.replace(year=2040)
    assert terms.end_payloads(now=later) == 1
    deliver.run_due(now=later)
    assert [path.name for path in root.iterdir()] == ["000000000001.json"]
    assert (root / "000000000001.json").read_bytes() == before
    assert b"user:1" not in before
    assert list(verify.verify(now=later)) == []


@pytest.mark.fault("B05")
def test_a_copy_of_the_shop_does_not_write_to_the_shops_mirror(root: Path, settings, now: datetime) -> None:
    """Its settings came along; that it is not production is what they were changed to say."""
    run(now)
    before = sorted(root.iterdir())
    record.record("x", person=None, now=now)
    seal.seal(now=now)
    mirror.put(now=now)
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    assert deliver.run_due(now=now).counts == {"refused": 1}
    run(now)
    assert terms.end_payloads(now=now.replace(year=2040)) == 2
    deliver.run_due(now=now)
    assert sorted(root.iterdir()) == before
    assert Seal.objects.filter(mirrored_at__isnull=True).count() == 2


def test_without_a_mirror_there_is_no_job(now: datetime) -> None:
    run(now)
    assert places.place() is None
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("key", "value", "number"),
    [("MIRROR_ROOT", "mirror", "E010"), ("MIRROR_STORAGE", "nowhere", "E013")],
)
def test_a_mirror_that_cannot_be_is_a_check_error(settings, key: str, value: str, number: str) -> None:
    settings.RGPD = {**settings.RGPD, key: value}
    found = [one for one in run_checks(tags=["rgpd"]) if one.id == f"django_rgpd.{number}"]
    assert [one.obj for one in found] == [f'RGPD["{key}"]']


def test_a_mirror_that_a_web_server_serves_is_a_check_error(settings) -> None:
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(Path(settings.MEDIA_ROOT) / "mirror")}
    assert "django_rgpd.E011" in [one.id for one in run_checks(tags=["rgpd"])]
