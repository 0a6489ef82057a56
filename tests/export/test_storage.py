"""The private place: nobody else reads it, nothing half-written is in it, no name leads out of it."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation

from django_rgpd.core.errors import Misconfigured
from django_rgpd.export import storage


def kept(content: bytes = b"{}") -> str:
    place = storage.place()
    with place.draft() as draft:
        draft.write(content)
        return place.keep(draft, "json")


def elsewhere(settings, tmp_path) -> None:
    """Let exports be in a storage of ``STORAGES``."""
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {"BACKEND": backend, "OPTIONS": {"location": str(tmp_path / "private")}},
    }
    settings.RGPD = {**settings.RGPD, "EXPORT_STORAGE": "private"}


@pytest.mark.fault("X04")
def test_directory_and_files_are_the_process_owners_alone(export_root, settings):
    name = kept()
    assert stat.S_IMODE(export_root.stat().st_mode) == 0o700
    assert stat.S_IMODE((export_root / name).stat().st_mode) == 0o600
    assert not export_root.resolve().is_relative_to(Path(settings.MEDIA_ROOT).resolve())


@pytest.mark.fault("X04")
def test_directory_that_others_could_read_is_closed(export_root):
    export_root.mkdir(mode=0o755)
    export_root.chmod(0o755)
    kept()
    assert stat.S_IMODE(export_root.stat().st_mode) == 0o700


@pytest.mark.fault("X04")
def test_directory_of_another_user_is_refused(export_root, monkeypatch):
    export_root.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: export_root.stat().st_uid + 1)
    with pytest.raises(Misconfigured):
        kept()
    assert list(export_root.iterdir()) == []


@pytest.mark.fault("X13")
def test_draft_that_is_not_kept_leaves_nothing(export_root):
    def broken() -> None:
        with storage.place().draft() as draft:
            draft.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert list(export_root.iterdir()) == []


@pytest.mark.parametrize("where", ["directory", "elsewhere"])
def test_kept_export_is_read_and_deleted(where, settings, tmp_path):
    if where == "elsewhere":
        elsewhere(settings, tmp_path)
    place = storage.place()
    name = kept(b'{"a": 1}')
    with place.open(name) as file:
        assert file.read() == b'{"a": 1}'
    place.delete(name)
    place.delete(name)
    with pytest.raises(FileNotFoundError):
        place.open(name)


@pytest.mark.fault("X03")
@pytest.mark.parametrize("where", ["directory", "elsewhere"])
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a\x00.json",
        "",
        ".",
        "x.json",
        "0" * 32 + ".part/../a.json",
        "0" * 32,
    ],
)
def test_name_that_was_not_given_here_opens_and_deletes_nothing(name, where, settings, tmp_path):
    if where == "elsewhere":
        elsewhere(settings, tmp_path)
    place = storage.place()
    with pytest.raises(SuspiciousFileOperation):
        place.open(name)
    with pytest.raises(SuspiciousFileOperation):
        place.delete(name)


@pytest.mark.fault("X03")
def test_link_that_somebody_put_there_is_not_followed(export_root, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    kept()
    (export_root / f"{'0' * 32}.json").symlink_to(secret)
    with pytest.raises(FileNotFoundError):
        storage.place().open(f"{'0' * 32}.json")


@pytest.mark.parametrize("where", ["directory", "elsewhere"])
def test_old_files_are_named_and_others_files_are_not(where, settings, tmp_path):
    if where == "elsewhere":
        elsewhere(settings, tmp_path)
    name = kept()
    root = tmp_path / ("private" if where == "elsewhere" else "exports")
    (root / "somebody-elses.txt").write_text("x")
    now = datetime.now(UTC)
    assert list(storage.place().left_behind(before=now - timedelta(days=1))) == []
    assert list(storage.place().left_behind(before=now + timedelta(days=1))) == [name]


def test_nothing_is_left_behind_where_nothing_was_written():
    assert list(storage.place().left_behind(before=datetime.now(UTC))) == []


def test_place_without_a_setting_is_a_directory_of_the_user(settings, monkeypatch, tmp_path):
    settings.RGPD = {**settings.RGPD, "EXPORT_ROOT": "", "EXPORT_STORAGE": ""}
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    name = kept()
    found = next(tmp_path.iterdir())
    assert stat.S_IMODE(found.stat().st_mode) == 0o700
    assert (found / name).exists()
