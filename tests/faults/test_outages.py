"""What is not ours is down: a full disk, a read-only storage, a mail server that does not answer. The rest goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.export import request as exports
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.ledger import mirror, places, seal, verify
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import make_customer
from tests.faults.full import FullStorage

pytestmark = [pytest.mark.fault("C07"), pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
EMAIL = "outage@example.com"


@pytest.fixture
def person() -> Person:
    """A customer with everything, her address proven."""
    user = make_customer(email=EMAIL)
    found = people.person_of(user, now=NOW)
    people.prove(people.note("email", user.email, person=found, now=NOW), how="link", now=NOW)
    return found


@pytest.fixture
def full(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FullStorage]]:
    """A storage that is full until ``full`` is False; exports and the mirror are kept there."""
    settings.STORAGES = {
        **settings.STORAGES,
        "peer": {"BACKEND": "tests.faults.full.FullStorage", "OPTIONS": {"location": str(tmp_path)}},
    }
    settings.RGPD = {**settings.RGPD, "EXPORT_STORAGE": "peer", "MIRROR_STORAGE": "peer"}
    monkeypatch.setattr(FullStorage, "full", True)
    return FullStorage


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_mail_server_that_is_down_holds_no_erasure_up(person: Person, settings: Any, caplog: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed_port()
    erase(person, how="account", now=NOW)
    for minutes in (0, 11):
        run_due(now=NOW + timedelta(minutes=minutes))

    assert not User.objects.filter(email=EMAIL).exists()
    assert Erasure.objects.get().state == ErasureState.DONE
    assert Job.objects.get(name="erasure.second_pass").state == State.DONE
    receipt = Job.objects.get(name="mail")
    assert (receipt.state, receipt.attempts) == (State.WAITING, 2)
    assert "ConnectionRefusedError" in receipt.note
    assert EMAIL not in receipt.note + caplog.text
    assert receipt.payload["to"] == EMAIL, "the address is kept until she was told"

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    run_due(now=NOW + timedelta(hours=1))
    assert [message.to for message in mail.outbox] == [[EMAIL]]
    receipt.refresh_from_db()
    assert (receipt.state, receipt.payload) == (State.DONE, {})


def test_a_full_disk_makes_an_export_wait_and_nothing_else(
    person: Person, full: type[FullStorage], caplog: Any
) -> None:
    exports.ask(person, Document.ACCESS, now=NOW)
    erased = people.person_of(make_customer(email="other@example.com"), now=NOW)
    erase(erased, how="account", now=NOW)
    run_due(now=NOW)

    assert ExportRequest.objects.get().state == ExportState.WAITING
    assert Job.objects.get(name="export.build").note == "Attempt 1 failed: OSError."
    assert Job.objects.get(name="mail", person=erased.uuid).state == State.DONE
    assert "the-name-of-a-file" not in caplog.text

    full.full = False
    run_due(now=NOW + timedelta(hours=1))
    assert ExportRequest.objects.get().state == ExportState.READY


def test_an_export_whose_file_cannot_be_deleted_is_closed_all_the_same(
    person: Person, full: type[FullStorage]
) -> None:
    full.full = False
    exports.ask(person, Document.ACCESS, now=NOW)
    run_due(now=NOW)
    name = ExportRequest.objects.get().name
    full.full = True
    erase(person, how="account", now=NOW)
    run_due(now=NOW)

    assert ExportRequest.objects.get().state == ExportState.CANCELLED
    waiting = Job.objects.get(name="export.delete")
    assert (waiting.state, waiting.payload["name"]) == (State.WAITING, name)

    full.full = False
    run_due(now=NOW + timedelta(hours=1))
    waiting.refresh_from_db()
    assert waiting.state == State.DONE
    assert not list(FullStorage(location=places.place().storage.location).listdir("")[1])  # type: ignore[union-attr]


def test_a_full_mirror_stops_no_seal_and_is_told(person: Person, full: type[FullStorage]) -> None:
    erase(person, how="account", now=NOW)
    seal.seal(now=NOW)
    mirror.put(now=NOW)
    run_due(now=NOW)

    assert not Event.objects.filter(seal__isnull=True).exists()
    assert Seal.objects.filter(mirrored_at__isnull=True).count() == 1
    assert Job.objects.get(name="ledger.mirror").state == State.WAITING
    assert not list(verify.verify(now=NOW))

    full.full = False
    run_due(now=NOW + timedelta(hours=1))
    assert Job.objects.get(name="ledger.mirror").state == State.DONE
    assert not Seal.objects.filter(mirrored_at__isnull=True).exists()
    assert not list(verify.verify(now=NOW))
