"""What is written to the ledger, and what the ledger's own term takes from it."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_rgpd.ledger import record, terms
from django_rgpd.ledger.models import Event
from example_shop.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_record_keeps_the_hash_of_the_canonical_payload(now: datetime) -> None:
    person = uuid.uuid4()
    event = record.record(
        "consent.given", person=person, now=now, purpose="newsletter", payload={"b": "é", "a": 1}
    )
    stored = Event.objects.get()
    assert stored == event
    assert (stored.person, stored.at, stored.recorded_at) == (person, now, now)
    assert stored.payload_hash == hashlib.sha256('{"a":1,"b":"é"}'.encode()).hexdigest()


def test_record_tells_when_it_happened_from_when_it_was_written(now: datetime) -> None:
    earlier = now - relativedelta(days=3)
    event = record.record("consent.objected", person=None, now=now, at=earlier)
    assert (event.at, event.recorded_at) == (earlier, now)


def test_many_writes_all_events_in_one_statement(now: datetime, django_assert_num_queries) -> None:
    drafts = [record.Draft(kind="consent.withdrawn", person=uuid.uuid4()) for _ in range(20)]
    with django_assert_num_queries(1):
        events = record.many(drafts, now=now)
    assert [event.person for event in events] == [draft.person for draft in drafts]
    assert Event.objects.count() == 20


@pytest.mark.parametrize(("later", "gone"), [({"days": -1}, False), ({}, True)])
def test_payloads_end_at_the_term_of_proofs_and_hashes_stay(now: datetime, later: dict, gone: bool) -> None:
    event = record.record("consent.withdrawn", person=None, now=now, actor="user:1", payload={"form": "x"})
    day = now + relativedelta(years=5) + relativedelta(**later)
    assert terms.end_payloads(now=day) == int(gone)
    event.refresh_from_db()
    assert (event.payload is None, event.actor == "") == (gone, gone)
    assert event.payload_hash == record.payload_hash({"form": "x"})


def test_the_admin_shows_the_ledger_to_who_may_and_changes_nothing(client: Client, now: datetime) -> None:
    event = record.record("consent.withdrawn", person=uuid.uuid4(), now=now)
    staff = UserFactory(is_staff=True)
    client.force_login(staff)
    pages = {
        name: reverse(f"admin:django_rgpd_event_{name}", args=args)
        for name, args in (("changelist", []), ("change", [event.pk]), ("add", []), ("delete", [event.pk]))
    }
    assert client.get(pages["changelist"]).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_ledger"))
    assert client.get(pages["changelist"]).status_code == 200
    assert client.get(pages["change"]).status_code == 200
    assert client.get(pages["add"]).status_code == 403
    assert client.post(pages["change"], {"kind": "x"}).status_code == 403
    assert client.post(pages["delete"], {"post": "yes"}).status_code == 403
    assert Event.objects.get() == event
