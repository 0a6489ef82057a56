"""A shop whose transactions are stricter than READ COMMITTED: workers get along all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import transaction

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.record import record
from django_rgpd.ledger.seal import seal
from django_rgpd.ledger.verify import verify
from django_rgpd.outbox import jobs
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from example_shop.factories import make_customer, make_guest
from example_shop.orders.models import Order
from tests.faults.side_by_side import PATIENCE, at, at_once, beside

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Jobs that were carried out, by their number."""
    done: list[int] = []
    monkeypatch.setattr(jobs, "_registered", {})
    jobs.job("count")(lambda payload, *, job, now: done.append(payload["number"]))
    return done


@pytest.mark.fault("R14")
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_four_workers_share_the_jobs_whatever_the_isolation(counted: list[int], isolation: str) -> None:
    """None of them ends early, and no job is carried out twice."""
    for number in range(120):
        jobs.put("count", {"number": number}, now=NOW, key=str(number))

    summaries = at_once(*[at(isolation, lambda: run_due(now=NOW))] * 4)

    assert sum(one.counts["done"] for one in summaries) == 120
    assert sorted(counted) == list(range(120))
    assert not Job.objects.exclude(state="done").exists()


@pytest.mark.fault("R14")
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_an_erasure_that_waited_knows_the_address_that_was_proven_meanwhile(isolation: str) -> None:
    """What was ordered by it goes too."""
    person = people.person_of(make_customer(email="racing@example.com"), now=NOW)
    make_guest("second@example.com", invoiced=False)
    with transaction.atomic():
        people.lock(person)
        erasing, erased = beside(at(isolation, partial(erase, person, how="account", now=NOW)))
        erasing.join(0.5)
        assert erasing.is_alive()
        people.prove(people.note("email", "second@example.com", person=person, now=NOW), how="link", now=NOW)
    erasing.join(PATIENCE)

    assert isinstance(erased[0], Erasure)
    assert not Order.objects.exclude(name="").exists()


@pytest.mark.fault("B04")
def test_four_sealers_make_one_chain_under_repeatable_read() -> None:
    """Who reads a head that is no longer the head takes its attempt back."""
    record("noted", person=None, now=NOW, payload={})
    seal(now=NOW)

    def often() -> None:
        for _ in range(20):
            record("noted", person=None, now=NOW, payload={})
            seal(now=NOW)

    at_once(*[at("repeatable read", often)] * 4)
    seal(now=NOW)

    assert not Event.objects.filter(seal__isnull=True).exists()
    assert [*Seal.objects.order_by("number").values_list("number", flat=True)] == [
        *range(1, Seal.objects.count() + 1)
    ]
    assert list(verify(now=NOW)) == []
