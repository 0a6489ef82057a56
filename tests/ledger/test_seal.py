"""Sealing: one chain, whatever commits late and whoever seals at once."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from django_rgpd.ledger import record, seal, verify
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.outbox import daily
from tests.faults.side_by_side import at_once

pytestmark = pytest.mark.django_db


def events(number: int, now: datetime) -> list[Event]:
    """Recorded and not sealed."""
    drafts = [
        record.Draft(kind="consent.given", person=uuid.uuid4(), payload={"n": n}, actor="user:1")
        for n in range(number)
    ]
    return record.many(drafts, now=now)


def test_batches_follow_one_another(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(seal, "BATCH", 2)
    events(5, now)
    assert seal.seal(now=now) == 5
    seals = list(Seal.objects.order_by("number"))
    assert [(one.number, one.count) for one in seals] == [(1, 2), (2, 2), (3, 1)]
    assert [one.previous for one in seals] == ["", seals[0].digest, seals[1].digest]
    assert not Event.objects.filter(seal__isnull=True).exists()
    assert list(verify.verify(now=now)) == []


def test_nothing_new_makes_no_seal(now: datetime, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        assert seal.seal(now=now) == 0
    assert not Seal.objects.exists()


def test_a_batch_costs_the_same_whatever_its_size(now: datetime, django_assert_num_queries) -> None:
    for number in (1, 200):
        events(number, now)
        with django_assert_num_queries(10):
            assert seal.seal(now=now) == number


def test_the_run_seals(now: datetime) -> None:
    events(1, now)
    assert daily.run_each(now=now) == {}
    assert Event.objects.get().seal is not None


def test_a_key_that_was_changed_still_fits_its_seals(settings, now: datetime) -> None:
    events(1, now)
    seal.seal(now=now)
    old = settings.RGPD["SEAL_KEYS"]
    settings.RGPD = {**settings.RGPD, "SEAL_KEYS": ("new:a-new-secret", *old)}
    events(1, now)
    seal.seal(now=now)
    assert list(verify.verify(now=now)) == []
    settings.RGPD = {**settings.RGPD, "SEAL_KEYS": ("new:a-new-secret",)}
    (fault,) = verify.verify(now=now)
    assert "SEAL_KEYS" in fault.what
    assert fault.where == "seal 1"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_with_a_lower_key_falls_into_the_next_seal(now: datetime) -> None:
    inserted, committed = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            events(1, now)
            inserted.set()
            committed.wait(30)
        connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    inserted.wait(30)
    (later,) = events(1, now)
    assert seal.seal(now=now) == 1
    committed.set()
    thread.join(30)
    assert seal.seal(now=now) == 1
    first, second = Event.objects.order_by("pk")
    assert second == later
    assert (first.seal.number, second.seal.number) == (2, 1)
    assert list(verify.verify(now=now)) == []


@pytest.mark.postgresql
@pytest.mark.fault("R04")
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.django_db(transaction=True)
def test_sealers_at_once_make_one_chain(monkeypatch: pytest.MonkeyPatch, now: datetime, before: int) -> None:
    events(before, now)
    seal.seal(now=now)
    monkeypatch.setattr(seal, "BATCH", 3)
    events(40, now)
    at_once(*[lambda: seal.seal(now=now)] * 4)
    seal.seal(now=now)
    assert not Event.objects.filter(seal__isnull=True).exists()
    assert sum(Seal.objects.values_list("count", flat=True)) == 40 + before
    assert list(verify.verify(now=now + timedelta(days=2))) == []
