"""From asking to the file: in the background, whole or not at all, for some days, and never for who is gone."""

import io
import json
import os
import threading
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import translation

from django_rgpd.core.errors import Refused
from django_rgpd.export import archive, build, collect, collecting, receivers, request, storage
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.invoices.models import Invoice, private_storage
from tests.export.conftest import prove, run, strict

ACCESS, PORTABILITY = Document.ACCESS, Document.PORTABILITY


def files(root) -> list[str]:
    return sorted(path.name for path in root.iterdir()) if root.is_dir() else []


def erase(person: Person, *, now) -> None:
    """What an erasure does to the person's row and to her exports."""
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(erased_at=now)
        receivers.end_with_the_person(people.subject(person), now=now)


@pytest.mark.promise("P30")
def test_asked_for_export_is_built_and_announced(person, customer, now, export_root):
    asked = request.ask(person, ACCESS, user=customer, now=now)
    assert asked.state == ExportState.WAITING
    assert files(export_root) == []
    run(now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.READY
    assert files(export_root) == [asked.name]
    assert (export_root / asked.name).stat().st_size == asked.size
    assert timedelta(days=6, hours=23) < asked.expires_at - now <= timedelta(days=7, hours=1)
    (message,) = mail.outbox
    assert message.to == ["marie@example.com"]
    assert "Marie" not in message.subject + message.body
    assert str(asked.uuid) not in message.body
    assert asked.name not in message.body
    assert [event.kind for event in Event.objects.all()] == ["export.asked"]


def test_export_with_files_is_a_zip_with_the_document_and_its_schema(person, now):
    asked = request.ask(person, ACCESS, now=now)
    run(now=now)
    asked.refresh_from_db()
    assert asked.name.endswith(".zip")
    with storage.place().open(asked.name) as file, zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        written = strict(packed.read("export.json"))
        named = [
            row["pdf"]
            for table in written["tables"]
            if table["table"] == "invoices.Invoice"
            for row in table["rows"]
        ]
        assert len(named) == 2
        assert sorted(packed.namelist()) == sorted(["export.json", "schema.json", *named])
        assert all(packed.read(name).startswith(b"%PDF") for name in named)
        assert all(not name.startswith("/") and ".." not in name for name in packed.namelist())
        json.loads(packed.read("schema.json"))


@pytest.mark.promise("P34")
def test_export_without_files_is_one_json_document(person, now):
    asked = request.ask(person, PORTABILITY, now=now)
    run(now=now)
    asked.refresh_from_db()
    assert asked.name.endswith(".json")
    with storage.place().open(asked.name) as file:
        assert strict(file.read())["document"] == "portability"


def test_file_that_its_storage_lost_is_named_in_the_archive(person, now):
    lost = Invoice.objects.order_by("pk").first()
    private_storage().delete(lost.pdf.name)
    out = io.BytesIO()
    assert archive.build(people.subject(person), ACCESS, out, now=now) == "zip"
    with zipfile.ZipFile(out) as packed:
        (missing,) = json.loads(packed.read("missing-files.json"))
        assert missing.startswith("files/invoices.Invoice/")
        assert missing not in packed.namelist()


@pytest.mark.fault("X03")
@pytest.mark.parametrize("name", ["../../evil.pdf", "a\\..\\b.pdf", ".hidden", "a\nb\x1b.pdf", "x" * 300])
def test_name_of_a_stored_file_cannot_lead_out_of_the_archive(name):
    plain = collect._plain_name(name)
    assert "/" not in plain
    assert "\\" not in plain
    assert not plain.startswith(".")
    assert plain.isprintable()
    assert 0 < len(plain) <= 80


def test_export_is_in_the_language_that_it_was_asked_in(person, now):
    with translation.override("fr"):
        asked = request.ask(person, PORTABILITY, now=now)
    run(now=now)
    asked.refresh_from_db()
    with storage.place().open(asked.name) as file:
        assert strict(file.read())["language"] == "fr"


def test_asking_twice_writes_one_request_and_one_job(person, now):
    first = request.ask(person, ACCESS, now=now)
    assert request.ask(person, ACCESS, now=now) == first
    request.ask(person, PORTABILITY, now=now)
    assert ExportRequest.objects.count() == 2
    assert Job.objects.filter(name=request.BUILD).count() == 2


def test_fourth_export_of_a_day_waits_until_the_first_is_a_day_old(person, now):
    for minutes in range(3):
        moment = now + timedelta(minutes=minutes)
        request.ask(person, ACCESS, now=moment)
        run(now=moment)
    last = request.ask(person, ACCESS, now=now + timedelta(minutes=10))
    job = Job.objects.get(key=str(last.uuid))
    assert job.run_at == now + timedelta(days=1)
    assert request.ask(person, PORTABILITY, now=now + timedelta(minutes=10)).state == ExportState.WAITING


def test_erased_person_is_refused(person, now):
    erase(person, now=now)
    with pytest.raises(Refused):
        request.ask(person, ACCESS, now=now)
    assert not ExportRequest.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.fault("X12")
def test_erasure_destroys_what_waits_and_what_could_be_collected(person, customer, now, export_root):
    ready = request.ask(person, ACCESS, user=customer, now=now)
    run(now=now)
    waiting = request.ask(person, PORTABILITY, now=now)
    mail.outbox.clear()
    erase(person, now=now)
    run(now=now)
    for one in (ready, waiting):
        one.refresh_from_db()
        assert one.state == ExportState.CANCELLED
        assert one.name == ""
        assert one.user_key is None
    assert files(export_root) == []
    assert mail.outbox == []


@pytest.mark.fault("X12")
@pytest.mark.parametrize("when", ["while it is written", "while it is put in place"])
def test_export_of_who_is_erased_meanwhile_is_destroyed(when, person, now, export_root, monkeypatch):
    asked = request.ask(person, ACCESS, now=now)
    if when == "while it is written":
        whole = archive.build

        def written(*args, **how):
            found = whole(*args, **how)
            erase(person, now=now)
            return found

        monkeypatch.setattr(archive, "build", written)
    else:
        keep = storage.Directory.keep

        def kept(self, *args):
            name = keep(self, *args)
            Person.objects.filter(pk=person.pk).update(erased_at=now)
            return name

        monkeypatch.setattr(storage.Directory, "keep", kept)
    run(now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.CANCELLED
    assert files(export_root) == []
    assert mail.outbox == []
    assert Job.objects.get(name=request.BUILD).state == State.GONE


@pytest.mark.fault("X12")
def test_cancelled_export_is_not_built(person, now, export_root):
    asked = request.ask(person, ACCESS, now=now)
    request.cancel(request.of(person), now=now)
    run(now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.CANCELLED
    assert files(export_root) == []


class Killed(BaseException):
    """The worker dies: no handler of errors may catch it."""


@pytest.mark.fault("X13")
@pytest.mark.parametrize(
    "point", ["half-written", "before the rename", "before the row", "in the row's transaction"]
)
def test_killed_worker_leaves_nothing_to_collect_and_is_replaced(
    point, person, now, export_root, monkeypatch
):
    asked = request.ask(person, ACCESS, now=now)

    def die(*args, **how):
        raise Killed

    with monkeypatch.context() as broken:
        if point == "half-written":
            broken.setattr(collect._Writer, "end", die)
        elif point == "before the rename":
            broken.setattr(storage.Directory, "keep", die)
        elif point == "before the row":
            broken.setattr(build, "_publish", die)
        else:
            broken.setattr("django_rgpd.outbox.mail.send", die)
        with pytest.raises(Killed):
            deliver.run_due(now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.WAITING
    assert asked.name == ""
    assert files(export_root) == []
    assert mail.outbox == []
    run(now=now + timedelta(hours=1))
    asked.refresh_from_db()
    assert asked.state == ExportState.READY
    assert files(export_root) == [asked.name]
    assert len(mail.outbox) == 1


@pytest.mark.fault("X13")
def test_slow_worker_whose_job_another_one_took_publishes_nothing(person, now, export_root, monkeypatch):
    asked = request.ask(person, ACCESS, now=now)
    monkeypatch.setattr(build, "_RENEWED", -1)
    whole = collect.write

    def slow(*args, **how):
        Job.objects.filter(name=request.BUILD).update(lease=uuid.uuid4())
        return whole(*args, **how)

    monkeypatch.setattr(collect, "write", slow)
    assert deliver.run_due(now=now).done == {(request.BUILD, "stale"): 1}
    asked.refresh_from_db()
    assert asked.state == ExportState.WAITING
    assert files(export_root) == []
    assert mail.outbox == []


@pytest.mark.fault("X13")
def test_draft_of_a_worker_that_vanished_is_tidied_away_when_it_is_a_day_old(now, db, export_root):
    export_root.mkdir(mode=0o700)
    for name in (f"{'a' * 32}.part", f"{'b' * 32}.zip", "somebody-elses.txt"):
        (export_root / name).write_bytes(b"half")
        os.utime(export_root / name, (now.timestamp(), now.timestamp()))
    build.tidy(now=now + timedelta(hours=23))
    assert len(files(export_root)) == 3
    build.tidy(now=now + timedelta(hours=25))
    assert files(export_root) == ["somebody-elses.txt"]


@pytest.mark.fault("X05")
def test_export_ends_with_its_file(person, now, export_root):
    asked = request.ask(person, ACCESS, now=now)
    run(now=now)
    build.tidy(now=now + timedelta(days=6))
    asked.refresh_from_db()
    assert asked.state == ExportState.READY
    build.tidy(now=now + timedelta(days=8))
    run(now=now + timedelta(days=8))
    asked.refresh_from_db()
    assert asked.state == ExportState.EXPIRED
    assert asked.name == ""
    assert files(export_root) == []


def test_row_of_an_export_goes_a_year_after_it_ended(person, now):
    ended, waiting = request.ask(person, ACCESS, now=now), request.ask(person, PORTABILITY, now=now)
    ExportRequest.objects.filter(pk=ended.pk).update(state=ExportState.EXPIRED)
    build.tidy(now=now + timedelta(days=360))
    assert ExportRequest.objects.count() == 2
    build.tidy(now=now + timedelta(days=370))
    assert ExportRequest.objects.get() == waiting


@pytest.mark.fault("X05")
def test_export_whose_time_is_over_is_not_handed_over_although_its_file_is_there(person, now, export_root):
    asked = request.ask(person, ACCESS, now=now)
    run(now=now)
    asked.refresh_from_db()
    with pytest.raises(collecting.Over):
        collecting.collect(asked, now=asked.expires_at)
    assert files(export_root) == [asked.name]
    assert not Event.objects.filter(kind="export.collected").exists()


def test_export_whose_file_is_lost_is_over(person, now):
    asked = request.ask(person, ACCESS, now=now)
    run(now=now)
    asked.refresh_from_db()
    storage.place().delete(asked.name)
    with pytest.raises(collecting.Over):
        collecting.collect(asked, now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.EXPIRED


@pytest.mark.fault("X18")
def test_collection_is_written_down_and_told(person, now):
    asked = request.ask(person, ACCESS, now=now)
    run(now=now)
    asked.refresh_from_db()
    mail.outbox.clear()
    collecting.collect(asked, now=now, ip="192.0.2.77").close()
    event = Event.objects.get(kind="export.collected")
    assert event.person == person.uuid
    assert event.payload == {"request": str(asked.uuid), "document": "access", "network": "192.0.2.0/24"}
    run(now=now)
    (message,) = mail.outbox
    assert message.to == ["marie@example.com"]
    assert asked.uuid.hex not in message.body
    asked.refresh_from_db()
    assert asked.collected_at == now


@pytest.mark.fault("X18")
@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_ledger_knows_the_network_alone(ip, network):
    assert collecting.network(ip) == network


def test_exports_of_a_guest_come_along_when_her_address_is_proven(person, now):
    guest = people.note("email", "marie.guest@example.com", now=now).person
    guest = prove(guest, "marie.guest@example.com", now=now)
    asked = request.ask(guest, ACCESS, now=now)
    proven = prove(person, "marie.guest@example.com", now=now)
    assert asked in request.of(proven)
    run(now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.READY
    assert mail.outbox[0].to[0].endswith("@example.com")
    erase(proven, now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.CANCELLED


def test_storage_that_does_not_answer_is_tried_again(person, now, monkeypatch, export_root):
    asked = request.ask(person, ACCESS, now=now)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.files.storage.FileSystemStorage.open", _down)
        run(now=now)
    asked.refresh_from_db()
    assert asked.state == ExportState.WAITING
    assert files(export_root) == []
    run(now=now + timedelta(hours=1))
    asked.refresh_from_db()
    assert asked.state == ExportState.READY


def _down(*args, **how):
    raise ConnectionError


def test_export_may_be_kept_in_a_storage_of_the_shop(person, now, settings, tmp_path):
    where = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "s")},
    }
    settings.STORAGES = {**settings.STORAGES, "private": where}
    settings.RGPD = {**settings.RGPD, "EXPORT_STORAGE": "private"}
    asked = request.ask(person, PORTABILITY, now=now)
    run(now=now)
    asked.refresh_from_db()
    with storage.place().open(asked.name) as file:
        assert strict(file.read())["document"] == "portability"
    build.expire(now=now + timedelta(days=8))
    run(now=now + timedelta(days=8))
    assert files(tmp_path / "s") == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_request(now):
    person = Person.objects.create(created_at=now)
    gate = threading.Barrier(4)
    found: list[ExportRequest] = []

    def ask() -> None:
        try:
            gate.wait(10)
            found.append(request.ask(person, ACCESS, now=now))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4
    assert len({one.pk for one in found}) == 1
    assert Job.objects.filter(name=request.BUILD).count() == 1


def test_zip_of_a_large_file_is_streamed(person, now):
    invoice = Invoice.objects.order_by("pk").first()
    place = private_storage()
    place.delete(invoice.pdf.name)
    place.save(invoice.pdf.name, ContentFile(b"\0" * 3_000_000))
    out = io.BytesIO()
    archive.build(people.subject(person), ACCESS, out, now=now)
    with zipfile.ZipFile(out) as packed:
        assert max(entry.file_size for entry in packed.infolist()) == 3_000_000
