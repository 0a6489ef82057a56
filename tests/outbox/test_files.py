"""Stored files that go."""

from __future__ import annotations

import errno
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from django_rgpd.erasure import stored
from django_rgpd.outbox import deliver, files, jobs
from django_rgpd.outbox.models import Job, State
from example_shop.factories import make_invoice
from example_shop.invoices.models import Invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(settings, tmp_path):
    """A storage with one file: (alias, name)."""
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }
    return "private", storages["private"].save("a/marie.pdf", ContentFile(b"x"))


def test_remove_deletes_after_the_commit_and_forgets_the_name(kept, now):
    alias, name = kept
    job = files.remove(alias, name, now=now)
    assert storages[alias].exists(name)
    deliver.run_due(now=now)
    job.refresh_from_db()
    assert not storages[alias].exists(name)
    assert (job.state, job.payload) == (State.DONE, {})


@pytest.mark.fault("C03")
def test_remove_of_what_is_gone_is_done(kept, now):
    alias, name = kept
    for _time in range(2):
        files.remove(alias, name, now=now)
    assert deliver.run_due(now=now).counts == {"done": 2}


@pytest.mark.fault("C03")
def test_remove_of_what_is_gone_is_done_where_the_storage_minds(kept, now, monkeypatch):
    def minds(self, name):
        raise FileNotFoundError(name)

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.delete", minds)
    files.remove(*kept, now=now)
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
def test_remove_outside_of_the_storage_deletes_nothing(kept, now, name):
    files.remove(kept[0], name.replace("\x00", ""), now=now)
    counts = deliver.run_due(now=now).counts
    assert set(counts) <= {"failed", "done"}
    assert storages[kept[0]].exists(kept[1])


@pytest.fixture
def pictures():
    """The files of two invoices."""
    return [make_invoice().pdf.name for _ in range(2)]


PLACE = "invoices.Invoice.pdf"


def test_a_file_that_another_row_has_stays_and_the_others_go(pictures):
    storage, (first, second) = Invoice.pdf.field.storage, pictures
    Invoice.objects.filter(pdf=second).update(pdf="")
    files.delete_all(PLACE, [first, second])
    assert storage.exists(first)
    assert not storage.exists(second)


@pytest.mark.fault("D12")
def test_what_was_made_of_a_file_goes_and_what_only_begins_alike_stays(pictures):
    storage, (first, second) = Invoice.pdf.field.storage, pictures
    Invoice.objects.filter(pdf=first).update(pdf="")
    Invoice.objects.filter(pdf=second).update(pdf=f"{first}.other")
    stem = first.removesuffix(".pdf")
    made = [f"{first}.64.png", f"thumbs/{stem}/a/b.png", f"thumbs/{stem}/c.png"]
    kept = [f"{first}.other", f"thumbs/{stem}0/c.png", f"{first}x"]
    for name in [*made, *kept]:
        storage.save(name, ContentFile(b"small"))

    files.delete_all(PLACE, [first], derivatives=["{name}.", "thumbs/{stem}/"])

    assert [name for name in [first, *made] if storage.exists(name)] == []
    assert [name for name in kept if not storage.exists(name)] == []


@pytest.mark.fault("C07")
@pytest.mark.fault("D13")
def test_a_file_that_the_storage_refuses_keeps_no_other_and_is_tried_again(
    pictures, now, monkeypatch, caplog
):
    storage, (first, second) = Invoice.pdf.field.storage, pictures
    Invoice.objects.update(pdf="")
    real = type(storage).delete

    def full(self, name):
        if name == first:
            raise OSError(errno.ENOSPC, "No space left on device", name)
        real(self, name)

    monkeypatch.setattr(type(storage), "delete", full)
    job = jobs.put(stored.JOB, {"place": PLACE, "names": pictures}, now=now)
    assert deliver.run_due(now=now).failed == 1
    assert storage.exists(first)
    assert not storage.exists(second)
    job.refresh_from_db()
    assert (job.state, job.note) == (State.WAITING, "Attempt 1 failed: StorageFailed.")
    assert first not in caplog.text

    monkeypatch.setattr(type(storage), "delete", real)
    deliver.run_due(now=now + timedelta(hours=1))
    job.refresh_from_db()
    assert not storage.exists(first)
    assert (job.state, job.payload) == (State.DONE, {})
