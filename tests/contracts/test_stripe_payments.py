"""Payments of guests at Stripe, found by the ids that the shop has: exported, emptied as far as that goes, and honestly said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.template.loader import render_to_string

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, Later
from django_rgpd.processors import access, calling, roads, stripe_client
from django_rgpd.processors.base import Call, Contact, Evidence
from django_rgpd.processors.by_hand import done
from django_rgpd.processors.checks import check_processors
from django_rgpd.processors.stripe import Stripe
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import DAY, GuestOrderFactory, PaymentFactory
from tests.contracts.contract import ADDRESS, NOW
from tests.contracts.peers import stripe as peers

GUEST = "guest.of.stripe@example.com"
COLUMNS = ("payments.Payment.stripe_customer", "payments.Payment.stripe_payment_intent")


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[peers.Stripe]:
    """Whatever a test does, each request was one that the contract allows."""
    made = peers.Stripe()
    server, stop = peers.serve(made)
    monkeypatch.setattr(stripe_client, "RETRIES", 0)
    made.url = server.url  # type: ignore[attr-defined]
    yield made
    stop()
    assert made.broken == []


@pytest.fixture
def vendor(peer: Any) -> Stripe:
    """The adapter alone."""
    return Stripe(api_key=peers.KEY, host=peer.url, references=COLUMNS)


@pytest.fixture
def call(db: None) -> Call:
    """An attempt."""
    jobs.put(calling.ERASE, {"processor": "stripe"}, now=NOW)
    claimed = deliver.claim(now=NOW)
    assert claimed is not None
    return Call(job=claimed, now=NOW)


@pytest.fixture
def road(db: None, settings: Any, peer: Any) -> dict[str, object]:
    """The shop's payments hold the payment's id."""
    setting: dict[str, object] = {
        "class": "django_rgpd.processors.stripe.Stripe",
        "api_key": peers.KEY,
        "references": COLUMNS,
        "host": peer.url,
    }
    settings.RGPD = {
        **settings.RGPD,
        "PROCESSORS": {**settings.RGPD["PROCESSORS"], "stripe": setting},
    }
    return setting


def pay(peer: peers.Stripe, name: str = "pi_1", *, customer: str = "", **more: object) -> dict[str, Any]:
    """A payment that went through, with what a shop and Stripe's own page put on it; returns the intent."""
    place = {"line1": "12 rue des Lampions", "city": "Lyon", "postal_code": "69001"}
    told = {
        "description": "For Élodie Émond",
        "metadata": {"buyer": "Élodie"},
        "receipt_email": GUEST,
        "shipping": {"name": "Élodie Émond", "address": place, "phone": "+33612345678"},
        "status": "succeeded",
    }
    intent = peer.add("payment_intents", customer, id=name, **{**told, **more})
    given = {"billing_details": {"name": "Élodie Émond", "email": GUEST}}
    charge = peer.add("charges", customer, payment_intent=name, **json.loads(json.dumps(told)), **given)
    for one in (intent, charge):
        one["customer"] = customer or None
    return intent


def guest() -> Person:
    entry = people.prove(people.note("email", GUEST, now=NOW), how="click", now=NOW)
    order = GuestOrderFactory(guest_email=GUEST, placed_at=DAY, status="delivered")
    PaymentFactory(order=order, stripe_customer="", stripe_payment_intent="pi_1", counts_from=DAY)
    Job.objects.all().delete()
    return Person.objects.get(pk=entry.person_id)


def of_guest(*names: str) -> Contact:
    return Contact(address=GUEST, references=names or ("pi_1",))


def work(now: datetime = NOW) -> None:
    deliver.run_due(now=now + timedelta(minutes=1), names=calling.NAMES)


@pytest.mark.promise("P30")
def test_a_guests_payment_and_its_charges_are_exported(
    vendor: Stripe, peer: peers.Stripe, call: Call
) -> None:
    pay(peer)
    pay(peer, "pi_other")
    told = list(vendor.export(of_guest("pi_1", "pi_nobody"), call=call))
    assert [(kind, one["id"]) for kind, one in told] == [("payment_intent", "pi_1"), ("charge", "ch_00001")]
    assert told[1][1]["billing_details"] == {"name": "Élodie Émond", "email": GUEST}


def test_a_customers_payment_is_exported_once(vendor: Stripe, peer: peers.Stripe, call: Call) -> None:
    key = peer.hold(ADDRESS)
    pay(peer, customer=key)
    told = [
        kind for kind, _one in vendor.export(Contact(address=ADDRESS, references=(key, "pi_1")), call=call)
    ]
    assert sorted(told) == ["charge", "customer", "payment_intent", "payment_method"]


@pytest.mark.parametrize("choice", ["anonymise", "delete"])
def test_a_guests_payment_is_emptied_but_for_what_was_given_with_the_card(
    vendor: Stripe, peer: Any, call: Call, choice: str
) -> None:
    intent, other = pay(peer), pay(peer, "pi_other")
    vendor = Stripe(api_key=peers.KEY, host=peer.url, erasure=choice)
    evidence = vendor.erase(of_guest(), call=call)
    assert (evidence.absent, evidence.reference, evidence.places) == (False, "req_1", 8)
    charge = peer.lists["charges"][1]
    for one in (intent, charge):
        assert (one["description"], one["metadata"], one["receipt_email"]) == (None, {}, None)
    assert intent["shipping"] is None
    assert charge["shipping"]["name"] == "erased"
    assert "Lampions" not in json.dumps(charge)
    assert charge["billing_details"]["email"] == GUEST
    assert other["description"], "somebody else's"
    calls = len(peer.seen)
    assert vendor.erase(of_guest(), call=call) == Evidence(absent=True), "twice is once"
    assert all(method == "GET" for method, *_rest in peer.seen[calls:])


def test_a_charge_that_the_shop_names_itself_is_emptied(
    vendor: Stripe, peer: peers.Stripe, call: Call
) -> None:
    pay(peer)
    assert vendor.erase(of_guest("ch_00001"), call=call).places == 4
    assert peer.lists["payment_intents"][0]["description"]


@pytest.mark.parametrize("part", ["shipping", "receipt_email"])
def test_what_stripe_refuses_is_refused_and_the_rest_is_emptied(
    vendor: Stripe, peer: peers.Stripe, call: Call, part: str
) -> None:
    intent = pay(peer)
    peer.fixed = {part}
    with pytest.raises(Declined, match="note here that it stays") as no:
        vendor.erase(of_guest(), call=call)
    assert "@" not in str(no.value.note)
    assert intent[part]
    assert (intent["description"], intent["metadata"]) == (None, {})


@pytest.mark.fault("P10")
@pytest.mark.parametrize(("of", "more"), [("payment_intents", {"status": "processing"}), ("charges", {})])
def test_a_guests_payment_that_is_open_waits(
    vendor: Stripe, peer: peers.Stripe, call: Call, of: str, more: dict[str, object]
) -> None:
    intent = pay(peer, **more)
    if of == "charges":
        charge = peer.lists["charges"][0]
        charge["disputed"] = True
        peer.add("disputes", "", charge=charge["id"], status="needs_response")
    with pytest.raises(Later):
        vendor.erase(of_guest(), call=call)
    assert intent["description"]


def test_a_guests_payment_is_redacted_after_ninety_days(vendor: Stripe, peer: Any, call: Call) -> None:
    pay(peer, created=int((NOW - timedelta(days=10)).timestamp()))
    vendor = Stripe(api_key=peers.KEY, host=peer.url, erasure="redact")
    with pytest.raises(Later) as waits:
        vendor.erase(of_guest(), call=call)
    assert waits.value.at == NOW - timedelta(days=10) + timedelta(days=91)
    later = Call(job=call.job, now=waits.value.at)
    with pytest.raises(Later):
        vendor.erase(of_guest(), call=later)
    (redaction,) = peer.redactions.values()
    assert redaction["objects"] == {"payment_intents": {"0": "pi_1"}, "charges": {"0": "ch_00001"}}


@pytest.mark.promise("P46")
def test_a_guest_who_is_erased_is_told_what_stays(road: dict[str, object], peer: peers.Stripe) -> None:
    intent, person = pay(peer), guest()
    shown = plan(people.subject(person), now=NOW)
    page = render_to_string("django_rgpd/erasure/plan.html", {"plan": shown})
    assert "what stays there: payments and invoices" in page
    erasure = erase(person, how="link", now=NOW)
    work()
    erasure.refresh_from_db()
    assert erasure.processors["stripe"]["state"] == State.DONE
    assert (intent["description"], intent["shipping"]) == (None, None)
    deliver.run_due(now=NOW + timedelta(hours=1))
    (receipt,) = [one for one in mail.outbox if one.to == [GUEST]]
    assert "what stays there: payments and invoices" in receipt.body
    assert "what stays there: payments and invoices" in str(receipt.alternatives[0])


@pytest.mark.fault("P07")
def test_an_erasure_that_stripe_refuses_in_part_is_for_somebody_to_end(
    road: dict[str, object], peer: peers.Stripe
) -> None:
    pay(peer)
    peer.fixed = {"shipping"}
    erasure = erase(guest(), how="link", now=NOW)
    work()
    erasure.refresh_from_db()
    assert erasure.processors["stripe"]["state"] == State.REFUSED
    assert erasure.state == ErasureState.TOLD, "not done"
    job = Job.objects.get(name=calling.ERASE)
    assert (job.state, "note here" in job.note) == (State.REFUSED, True)
    done(job, reference="Their answer of 3 June: kept for ten years", by="user:1", now=NOW)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.DONE


def test_nothing_is_said_to_stay_where_it_is_redacted_or_kept() -> None:
    for choice in ({"erasure": "redact"}, {"erasure": "keep", "reason": "Incidents."}):
        assert Stripe(api_key=peers.KEY, **choice).leaves() == ""


def test_the_columns_of_payments_are_references_like_any(road: dict[str, object]) -> None:
    assert check_processors(app_configs=None) == []


@pytest.mark.promise("P30")
@pytest.mark.parametrize("columns", [(), COLUMNS])
def test_each_record_of_a_person_with_several_addresses_is_exported_once(
    road: dict[str, object], settings: Any, peer: peers.Stripe, call: Call, columns: tuple[str, ...]
) -> None:
    setting = {**road, "references": columns}
    settings.RGPD = {**settings.RGPD, "PROCESSORS": {**settings.RGPD["PROCESSORS"], "stripe": setting}}
    person = guest()
    people.prove(people.note("email", "second@example.com", person=person, now=NOW), how="click", now=NOW)
    held = {peer.hold(GUEST), peer.hold("second@example.com")}
    told = access.records(roads.of("stripe"), people.subject(person), job=call.job, now=NOW)
    assert sorted(one["id"] for kind, one in told if kind == "customer") == sorted(held)
