"""A processor that was given something of a person has it corrected when she corrects it (art. 16, 19)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, rectifying, stripe_client
from django_rgpd.processors.checks import check_processors
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.basket.models import Basket
from example_shop.factories import make_customer
from example_shop.payments.models import Payment
from tests.contracts.peers import stripe as peers

pytest.importorskip("stripe")
pytestmark = pytest.mark.django_db

FIELDS = {"name": ("first_name", "last_name"), "phone": "phone"}
FORMER, NEW = "elodie.emond@example.com", "elodie@example.com"


@pytest.fixture
def now() -> datetime:
    """The receivers read the clock, as views do."""
    return clock.now()


@pytest.fixture
def peer(roads: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Stripe of ours; each request is one that the contract allows."""
    made = peers.Stripe()
    server, stop = peers.serve(made)
    monkeypatch.setattr(stripe_client, "RETRIES", 0)
    made.setting = {  # type: ignore[attr-defined]
        "class": "django_rgpd.processors.stripe.Stripe",
        "api_key": peers.KEY,
        "references": ("payments.Payment.stripe_customer",),
        "fields": FIELDS,
        "host": server.url,
    }
    roads(stripe=made.setting)  # type: ignore[attr-defined]
    yield made
    stop()
    assert made.broken == []


@pytest.fixture
def customer(peer: Any, user: User, person: Person) -> str:
    """Her customer, whose id her payments have."""
    key = str(peer.hold(FORMER, name="Élodie Émond", phone="+33612345678"))
    Payment.objects.filter(order__customer=user).update(stripe_customer=key)
    User.objects.filter(pk=user.pk).update(phone="+33612345678")
    user.refresh_from_db()
    return key


def run(now: datetime) -> None:
    deliver.run_due(now=now + timedelta(minutes=1), names=frozenset({calling.RECTIFY}))


def posts(peer: Any) -> list[str]:
    return [path for method, path, *_rest in peer.seen if method == "POST"]


def waiting() -> int:
    return Job.objects.filter(name=calling.RECTIFY).count()


@pytest.mark.fault("Q05")
def test_a_corrected_name_arrives(peer: Any, customer: str, user: User, now: datetime) -> None:
    user.last_name = "Durand"
    user.save()
    assert peer.seen == [], "not while she waits for the page"
    run(now)
    held = peer.customers[customer]
    assert (held["name"], held["phone"], held["email"]) == ("Élodie Durand", "+33612345678", FORMER)
    (body,) = [body for method, _path, body, _headers in peer.seen if method == "POST"]
    assert "phone" not in body, "what is right already is not sent"
    assert "Durand" not in json.dumps(list(Job.objects.values("payload", "progress", "note")))


@pytest.mark.fault("Q05")
def test_a_new_address_arrives_where_they_had_the_former(
    peer: Any, customer: str, person: Person, now: datetime
) -> None:
    by_address = peer.hold(FORMER, "cus_by_address", name="Élodie Émond", phone="+33612345678")
    own = peer.hold("books@example.com", "cus_own")
    entry = people.note("email", NEW, person=person, now=now)
    people.prove(entry, how="link", now=now + timedelta(seconds=1))
    run(now)
    assert peer.customers[customer]["email"] == NEW
    assert peer.customers[by_address]["email"] == NEW
    assert peer.customers[own]["email"] == "books@example.com"


def test_an_address_that_was_entered_there_stays(peer: Any, customer: str, user: User, now: datetime) -> None:
    """Invoices go to the accountant of hers, as she told Stripe."""
    peer.customers[customer]["email"] = "books@example.com"
    user.first_name = "Lou"
    user.save()
    run(now)
    held = peer.customers[customer]
    assert (held["name"], held["email"]) == ("Lou Émond", "books@example.com")


def test_what_is_right_already_is_asked_for_and_not_changed(
    peer: Any, customer: str, user: User, now: datetime
) -> None:
    rectifying.corrected(user, now=now)
    run(now)
    assert posts(peer) == []
    assert Job.objects.get(name=calling.RECTIFY).state == State.DONE


def test_an_empty_column_empties_nothing_there(peer: Any, customer: str, user: User, now: datetime) -> None:
    """What Stripe's own page asked for is theirs to correct."""
    user.phone = ""
    user.save()
    run(now)
    assert peer.customers[customer]["phone"] == "+33612345678"


def test_what_processors_are_not_given_is_no_news(
    peer: Any, user: User, person: Person, now: datetime
) -> None:
    user.birth_date = now.date()
    user.save()
    user.last_login = now
    user.save(update_fields=["last_login"])
    user.last_name = "Durand"
    user.save(update_fields=["is_active"])
    assert waiting() == 0
    user.save(update_fields=["last_name"])
    assert waiting() == 1


def test_a_save_that_gives_nothing_away_asks_no_query(roads: Any, user: User, person: Person) -> None:
    roads()
    with CaptureQueriesContext(connection) as captured:
        user.save()
    assert len(captured) == 1


def test_a_correction_that_is_rolled_back_arrives_nowhere(
    peer: Any, customer: str, user: User, now: datetime
) -> None:
    with transaction.atomic():
        user.last_name = "Durand"
        user.save()
        transaction.set_rollback(True)
    run(now)
    assert peer.seen == []


def test_an_update_of_many_rows_is_told_by_the_shop(
    peer: Any, customer: str, user: User, now: datetime
) -> None:
    User.objects.filter(pk=user.pk).update(last_name="Durand")
    assert waiting() == 0
    assert rectifying.corrected(user, now=now) == 1
    run(now)
    assert peer.customers[customer]["name"] == "Élodie Durand"


def test_a_correction_of_many_accounts_takes_as_many_statements_as_one_of_few(
    peer: Any, customer: str, person: Person, now: datetime
) -> None:
    """Of a row that many accounts lead to, say the company that they belong to."""
    others = [make_customer(email=f"colleague{number}@example.com") for number in range(12)]
    for one in others:
        people.person_of(one, now=now)
    counts = []
    for some in (others[:2], others):
        with CaptureQueriesContext(connection) as queries:
            assert rectifying.corrected(*some, now=now) == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_what_changes_while_they_are_told_is_told_again(
    peer: Any, customer: str, user: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And under another key: Stripe refuses one that comes with something else."""
    own = rectifying._tell

    def slow(*args: Any) -> Any:
        told = own(*args)
        User.objects.filter(pk=user.pk).update(last_name="Dupont")
        return told

    user.last_name = "Durand"
    user.save()
    monkeypatch.setattr(rectifying, "_tell", slow)
    run(now)
    assert peer.customers[customer]["name"] == "Élodie Durand"
    run(now + timedelta(minutes=1))
    assert peer.customers[customer]["name"] == "Élodie Dupont"
    keys = [headers["idempotency-key"] for method, _path, _body, headers in peer.seen if method == "POST"]
    assert len(keys) == len(set(keys)) == 2


def test_of_an_erased_person_nothing_is_told(
    peer: Any, customer: str, user: User, person: Person, now: datetime
) -> None:
    user.last_name = "Durand"
    user.save()
    erase(person, how="account", now=now)
    run(now)
    assert posts(peer) == []
    assert Job.objects.get(name=calling.RECTIFY).state == State.GONE


@pytest.mark.fault("C03")
def test_an_erasure_waits_for_what_is_just_being_corrected(
    peer: Any, customer: str, user: User, person: Person, now: datetime
) -> None:
    """Or the correction would write her name back there."""
    user.last_name = "Durand"
    user.save()
    claimed = deliver.claim(now=now + timedelta(seconds=1), names=frozenset({calling.RECTIFY}))
    assert claimed is not None
    erase(person, how="account", now=now)
    deliver.run_due(now=now + timedelta(seconds=2), names=frozenset({calling.ERASE}))
    assert Job.objects.get(name=calling.ERASE).state == State.WAITING
    assert posts(peer) == []
    Job.objects.filter(pk=claimed.pk).update(state=State.DONE)
    deliver.run_due(now=now + timedelta(minutes=5), names=frozenset({calling.ERASE}))
    assert peer.customers[customer]["name"] is None


@pytest.mark.fault("P06")
def test_an_outage_delays_a_correction_and_no_more(
    peer: Any, customer: str, user: User, now: datetime
) -> None:
    user.last_name = "Durand"
    user.save()
    peer.failures.append("500")
    run(now)
    assert peer.customers[customer]["name"] == "Élodie Émond"
    run(now + timedelta(hours=1))
    assert peer.customers[customer]["name"] == "Élodie Durand"


def test_a_column_of_a_related_row_is_followed(
    peer: Any, roads: Any, customer: str, user: User, now: datetime
) -> None:
    roads(
        stripe={
            **peer.setting,
            "fields": {"address.line1": "basket__session_key", "address.city": "last_name"},
        }
    )
    basket = Basket.objects.get(user=user)
    basket.session_key = "12 rue des Lampions"
    basket.save()
    assert waiting() == 1
    run(now)
    assert peer.customers[customer]["address"] == {"line1": "12 rue des Lampions", "city": "Émond"}


def test_a_field_that_is_no_column_is_found_at_start(peer: Any, roads: Any) -> None:
    roads(stripe={**peer.setting, "fields": {"name": "nickname"}})
    said = [one.msg for one in check_processors(app_configs=None) if one.id == "django_rgpd.E504"]
    assert any("accounts.User.nickname" in one for one in said)
    roads(stripe={**peer.setting, "fields": {"nickname": "first_name"}})
    assert any("no field 'nickname'" in one.msg for one in check_processors(app_configs=None))


def test_what_is_given_is_declared_for_a_purpose_of_the_recipient(peer: Any) -> None:
    said = [one.msg for one in check_processors(app_configs=None) if one.id == "django_rgpd.E504"]
    assert any("accounts.User.first_name" in one for one in said)


@pytest.mark.parametrize("path", ["orders__number", "groups__name"])
def test_a_column_of_several_rows_is_found_at_start(peer: Any, roads: Any, path: str) -> None:
    """Which of them would be given?"""
    roads(stripe={**peer.setting, "fields": {"name": path}})
    said = [one.msg for one in check_processors(app_configs=None) if one.id == "django_rgpd.E504"]
    assert any(f"accounts.User.{path}, which is no column" in one for one in said)
