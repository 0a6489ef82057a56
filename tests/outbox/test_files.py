"""Stored files that go."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from django_rgpd.outbox import deliver, files
from django_rgpd.outbox.models import Job, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(settings, tmp_path):
    """A storage with one file: (alias, name)."""
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return "private", storages["private"].save("a/marie.pdf", ContentFile(b"x"))


def test_remove_deletes_after_the_commit_and_forgets_the_name(stored, now):
    alias, name = stored
    job = files.remove(alias, name, now=now)
    assert storages[alias].exists(name)
    deliver.run_due(now=now)
    job.refresh_from_db()
    assert not storages[alias].exists(name)
    assert (job.state, job.payload) == (State.DONE, {})


@pytest.mark.fault("C03")
def test_remove_of_what_is_gone_is_done(stored, now):
    alias, name = stored
    for _time in range(2):
        files.remove(alias, name, now=now)
    assert deliver.run_due(now=now).counts == {"done": 2}


@pytest.mark.fault("C03")
def test_remove_of_what_is_gone_is_done_where_the_storage_minds(stored, now, monkeypatch):
    def minds(self, name):
        raise FileNotFoundError(name)

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.delete", minds)
    files.remove(*stored, now=now)
    assert deliver.run_due(now=now).counts == {"done": 1}


def test_remove_of_no_file_is_nothing(now):
    assert files.remove("default", "", now=now) is None
    assert not Job.objects.exists()


PLACES = ["nowhere", "nowhere.Model.file", "catalogue.Product.missing", "catalogue.Product.name"]


@pytest.mark.parametrize("place", PLACES)
def test_remove_from_what_is_not_there_needs_someone(place, now):
    files.remove(place, "x.pdf", now=now)
    assert deliver.run_due(now=now).counts == {"needs": 1}


@pytest.mark.fault("X03")
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\x00b"])
def test_remove_outside_of_the_storage_deletes_nothing(stored, now, name):
    files.remove(stored[0], name.replace("\x00", ""), now=now)
    counts = deliver.run_due(now=now).counts
    assert set(counts) <= {"failed", "done"}
    assert storages[stored[0]].exists(stored[1])
