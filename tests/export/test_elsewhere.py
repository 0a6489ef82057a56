"""What processors hold is in the copy of a person's data; one that fails says so there, and keeps nothing from her."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from django_rgpd.core import clock
from django_rgpd.export import request, schema, storage
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import by_hand, calling, dummy
from django_rgpd.processors.base import Unreachable
from django_rgpd.registry import people
from example_shop.factories import make_customer

ADDRESS = "elodie.emond@example.com"


@pytest.fixture
def person(db: None, settings: Any, tmp_path: Any) -> Iterator[Any]:
    """A customer whose address is proven, and a processor that holds her and somebody else."""
    dummy.forget()
    others = settings.RGPD["PROCESSORS"]
    dummies = {"mailchimp": {"class": "django_rgpd.processors.dummy.Dummy"}}
    settings.RGPD = {
        **settings.RGPD,
        "EXPORT_ROOT": str(tmp_path),
        "PRODUCTION": True,
        "PROCESSORS": {**others, **dummies},
    }
    user, now = make_customer(first_name="Élodie", email=ADDRESS), clock.now()
    found = people.person_of(user, now=now)
    people.prove(people.note("email", user.email, person=found, now=now), how="link", now=now)
    dummy.told["dummy"] = {
        ADDRESS: {"purposes": ["newsletter"]},
        "somebody.else@example.com": {"purposes": []},
    }
    Job.objects.all().delete()
    yield found
    dummy.forget()


def built(person: Any, document: Document = Document.ACCESS) -> dict[str, Any]:
    """Ask, work, collect."""
    asked = request.ask(person, document, now=clock.now())
    deliver.run_due(now=clock.now())
    asked.refresh_from_db()
    assert asked.state == ExportState.READY
    with storage.place().open(asked.name) as file:
        raw = file.read()
    if asked.name.endswith("zip"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            raw = archive.read("export.json")
    found: dict[str, Any] = json.loads(raw)
    jsonschema.validate(found, schema.envelope())
    return found


@pytest.mark.promise("P30")
def test_what_a_processor_holds_is_in_the_copy(person: Any) -> None:
    (told,) = built(person)["processors"]
    assert (told["processor"], told["answered"], told["says"], told["count"]) == ("mailchimp", True, None, 1)
    assert told["records"] == [
        {"kind": "contact", "record": {"address": ADDRESS, "purposes": ["newsletter"]}}
    ]


@pytest.mark.fault("P05")
@pytest.mark.parametrize("failure", [Unreachable(), OSError(f"{ADDRESS} cannot be reached"), KeyError("x")])
def test_a_processor_that_fails_keeps_nothing_from_her_and_is_asked_by_staff(
    person: Any, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    dummy.failures.append(failure)
    found = built(person)
    (told,) = found["processors"]
    assert (told["answered"], told["count"], told["records"]) == (False, 0, [])
    assert "did not answer" in told["says"]
    assert any(table["table"] == "orders.Order" for table in found["tables"])
    assert "mailchimp did not answer" in caplog.text
    assert ADDRESS not in caplog.text
    deliver.run_due(now=clock.now())
    job = Job.objects.get(name=calling.ACCESS)
    assert (job.state, job.person) == (State.NEEDS, person.uuid)
    assert job.due_at is not None
    by_hand.done(job, reference="their letter of 13 May", by="user:1", now=clock.now())
    job.refresh_from_db()
    assert job.state == State.DONE


def test_half_an_answer_is_none(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = dummy.Dummy.export

    def breaks(self: Any, contact: Any, *, call: Any) -> Iterator[Any]:
        yield from whole(self, contact, call=call)
        raise Unreachable

    monkeypatch.setattr(dummy.Dummy, "export", breaks)
    (told,) = built(person)["processors"]
    assert (told["answered"], told["records"]) == (False, [])


def test_portability_is_about_what_she_gave_here(person: Any) -> None:
    assert "processors" not in built(person, Document.PORTABILITY)


def test_nobody_is_called_where_this_is_no_production(person: Any, settings: Any) -> None:
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    assert built(person)["processors"] == []
    assert ExportRequest.objects.count() == 1
