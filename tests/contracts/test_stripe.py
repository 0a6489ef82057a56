"""Stripe keeps to the contract: its own client, over HTTP, against a peer that holds us to the published API."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from dateutil.relativedelta import relativedelta

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Later
from django_rgpd.processors import absences, calling, stripe_client, telling, wire
from django_rgpd.processors.absences import Meaning
from django_rgpd.processors.base import Call, Contact, Evidence, Unreachable
from django_rgpd.processors.stripe import Stripe
from django_rgpd.registry import people
from tests.contracts.contract import ADDRESS, NOW, ProcessorContract
from tests.contracts.openapi.forms import FormContract
from tests.contracts.peers import stripe as peers

CLASS = "django_rgpd.processors.stripe.Stripe"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASSING = (
    *("429", "500", "empty", "200_with_error"),
    *("html", "redirect", "truncated", "reset", "hang"),
)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch, served: Any) -> Iterator[peers.Stripe]:
    """Whatever a test does, each request was one that the contract allows."""
    made = peers.Stripe()
    monkeypatch.setattr(stripe_client, "TIMEOUT", (3.05, served.seconds))
    monkeypatch.setattr(stripe_client, "RETRIES", 0)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with served(peers, made) as url:
        made.url = url  # type: ignore[attr-defined]
        yield made
    assert made.broken == []


@pytest.fixture
def vendor(peer: Any) -> Stripe:
    """The adapter alone."""
    return Stripe(api_key=peers.KEY, host=peer.url)


@pytest.fixture
def call(db: None) -> Call:
    """An attempt."""
    jobs.put(calling.ERASE, {"processor": "stripe"}, now=NOW)
    claimed = deliver.claim(now=NOW)
    assert claimed is not None
    return Call(job=claimed, now=NOW)


class StripeContract(ProcessorContract):
    """Through jobs."""

    refusals = PASSING
    erasure_choice = "anonymise"

    @pytest.fixture(autouse=True)
    def _peer(self, peer: peers.Stripe) -> None:
        self.peer = peer

    @pytest.fixture
    def setting(self, peer: Any) -> dict[str, object]:
        """The shop's payments hold the customer's id."""
        return {
            "class": CLASS,
            "api_key": peers.KEY,
            "erasure": self.erasure_choice,
            "references": ("payments.Payment.stripe_customer",),
            "host": peer.url,
        }

    def hold(self, address: str) -> None:
        self.peer.hold(address)

    def holds(self, address: str) -> bool:
        return bool(self.peer.of(address)) or any(self.peer.methods.values())

    def fail(self, how: object) -> None:
        self.peer.failures.append(str(how))

    def everything(self) -> str:
        return json.dumps([one[:3] for one in self.peer.seen], ensure_ascii=False)


class TestStripeThatAnonymises(StripeContract):
    """The default."""

    def test_her_customer_is_emptied_and_the_answer_is_kept(self, erasure: Any) -> None:
        self.peer.hold("somebody.else@example.com")
        self.work()
        emptied, other = self.peer.customers.values()
        job = self.job()
        assert emptied["email"] == f"erased-{job.uuid.hex}@erased.invalid"
        assert [emptied[one] for one in ("name", "phone", "address", "shipping", "metadata")] == [
            *(None, None, None, None),
            {},
        ]
        assert (other["name"], other["metadata"]) == ("Élodie Émond", {"account": "17"})
        erasure.refresh_from_db()
        evidence = {"absent": False, "reference": "req_1", "status": 200, "places": 1}
        assert erasure.processors["mailchimp"]["evidence"] == evidence

    @pytest.mark.promise("P46")
    def test_a_customer_whose_id_the_shop_has_is_found_whatever_her_address_is_there(self, user: Any) -> None:
        orders = list(user.orders.all())
        payment = orders[0].payments.first() or orders[0].payments.create(amount=1)
        key = self.peer.hold("an.old.address@example.com", "cus_ofhers")
        type(payment).objects.filter(pk=payment.pk).update(stripe_customer=key)
        erase(people.person_of(user, now=NOW), how="account", now=NOW)
        payment.refresh_from_db()
        assert payment.stripe_customer == ""
        self.work()
        assert self.peer.customers[key]["email"].endswith("@erased.invalid")
        assert self.job().state == State.DONE
        assert key not in json.dumps([self.job().payload, self.job().progress])

    def test_an_address_is_found_as_it_was_typed(self, user: Any) -> None:
        type(user).objects.filter(pk=user.pk).update(email="Elodie.Emond@Example.com")
        self.peer.hold("Elodie.Emond@Example.com")
        erase(people.person_of(user, now=NOW), how="account", now=NOW)
        self.work()
        assert self.peer.of(ADDRESS) == []

    @pytest.mark.fault("P06")
    @pytest.mark.parametrize("how", ["401", "403", "418"])
    def test_a_key_that_is_refused_needs_someone(
        self, erasure: Any, how: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.fail(how)
        self.work()
        job = self.job()
        assert job.state == State.NEEDS
        assert ADDRESS not in job.note + caplog.text
        assert self.holds(ADDRESS)
        deliver.retry(Job.objects.all(), now=NOW)
        self.work()
        assert self.job().state == State.DONE

    @pytest.mark.fault("P04")
    def test_a_retry_after_is_honoured(self, erasure: Any) -> None:
        self.fail("429_after")
        self.work()
        job = self.job()
        assert timedelta(hours=2) <= job.run_at - NOW <= timedelta(hours=2.4)
        assert job.attempts == 0

    def test_stripe_down_for_a_day_and_a_worker_killed_twice_end_erased_with_evidence(
        self, erasure: Any
    ) -> None:
        """Killed once before the call, once between the call and the note of it."""
        now = NOW
        while now < NOW + DAY and self.job().state == State.WAITING:
            self.fail("reset")
            self.work(now)
            now = self.job().run_at
        now = NOW + DAY
        telling.try_again(now=now)
        deliver.retry(Job.objects.filter(name=calling.ERASE), now=now)
        for after_the_call in (False, True):
            claimed = deliver.claim(now=now, names=frozenset({calling.ERASE}))
            assert claimed is not None
            if after_the_call:
                self.processor().erase(Contact(address=ADDRESS), call=Call(job=claimed, now=now))
            now += jobs.LEASE + timedelta(seconds=1)
        self.work(now)
        erasure.refresh_from_db()
        assert not self.holds(ADDRESS)
        assert erasure.state == ErasureState.DONE
        assert erasure.processors["mailchimp"]["state"] in {State.DONE, State.GONE}

    @pytest.mark.fault("P15")
    def test_the_client_logs_no_address_at_any_level(
        self, erasure: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its URLs have one."""
        for name in ("stripe", "urllib3"):
            caplog.set_level(logging.DEBUG, logger=name)
        self.work()
        assert any("email=" in path for _method, path, _body, _headers in self.peer.seen)
        assert "elodie" not in caplog.text


class TestStripeThatDeletes(StripeContract):
    """Deleting cancels subscriptions."""

    erasure_choice = "delete"

    @pytest.mark.fault("P10")
    def test_a_living_subscription_is_not_ended_silently(self, erasure: Any) -> None:
        key = next(iter(self.peer.customers))
        subscription = self.peer.add("subscriptions", key, status="active")
        self.work()
        job = self.job()
        assert job.state == State.NEEDS
        assert "subscription" in job.note
        assert (subscription["status"], self.holds(ADDRESS)) == ("active", True)
        subscription["status"] = "canceled"
        deliver.retry(Job.objects.all(), now=NOW)
        self.work()
        assert self.job().state == State.DONE
        assert self.peer.customers[key] == {"id": key, "object": "customer", "deleted": True}


class TestStripeThatRedacts(StripeContract):
    """Nothing to redact but the customer: it ends at once, by a job of theirs that takes a while."""

    erasure_choice = "redact"

    # They run the workers once for each failure; here a run goes on until Stripe has redacted.
    test_a_failing_peer_loses_nothing = None  # type: ignore[assignment]
    test_a_worker_killed_after_the_call_does_no_harm = None  # type: ignore[assignment]

    def finish(self) -> None:
        for one in self.peer.redactions.values():
            one["status"] = {"validating": "ready", "redacting": "succeeded"}.get(
                one["status"], one["status"]
            )

    def work(self, now: datetime = NOW) -> None:
        for hours in range(4):
            super().work(now + hours * 1.01 * HOUR if hours else now)

    @pytest.mark.fault("P10")
    def test_payments_wait_ninety_days_and_the_customer_does_not(self, erasure: Any) -> None:
        key = next(iter(self.peer.customers))
        paid = NOW - 5 * DAY
        self.peer.add("charges", key, created=int(paid.timestamp()), disputed=False)
        self.work()
        job = self.job()
        assert not self.holds(ADDRESS)
        assert (job.state, job.run_at) == (State.WAITING, paid + relativedelta(days=91))
        assert "90 days" in job.note
        assert self.peer.redactions == {}
        self.work(job.run_at)
        erasure.refresh_from_db()
        assert erasure.state == ErasureState.DONE
        assert erasure.processors["mailchimp"]["evidence"]["reference"] == "redact_1"
        (redaction,) = self.peer.redactions.values()
        assert redaction["objects"] == {"customers": {"0": key}}
        assert key not in json.dumps(self.job().progress)

    @pytest.mark.fault("C03")
    def test_a_worker_killed_after_it_asked_for_a_redaction_asks_for_no_second_one(
        self, erasure: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from django_rgpd.processors import stripe_redaction

        kept = stripe_redaction._keep

        def dies(call: Call, changes: dict[str, list[str]]) -> None:
            if stripe_redaction.JOBS in changes:
                raise SystemExit
            kept(call, changes)

        with monkeypatch.context() as patched:
            patched.setattr(stripe_redaction, "_keep", dies)
            with pytest.raises(SystemExit):
                deliver.run_due(now=NOW, names=calling.NAMES)
        self.work(NOW + jobs.LEASE + timedelta(seconds=1))
        assert len(self.peer.redactions) == 1
        assert self.job().state == State.DONE

    def test_an_account_without_the_preview_needs_someone(self, erasure: Any) -> None:
        self.peer.redaction_enabled = False
        self.work()
        assert self.job().state == State.NEEDS


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("invoices", {"status": "open"}),
        ("payment_intents", {"status": "processing"}),
        ("payment_intents", {"status": "requires_capture"}),
    ],
)
@pytest.mark.fault("P10")
def test_what_is_about_money_and_open_waits(
    vendor: Stripe, peer: peers.Stripe, call: Call, kind: str, more: dict[str, object]
) -> None:
    key = peer.hold(ADDRESS)
    peer.add(kind, key, **more)
    with pytest.raises(Later) as waits:
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert waits.value.at == NOW + DAY
    assert waits.value.note
    assert len(peer.of(ADDRESS)) == 1
    assert len(peer.methods[key]) == 1


@pytest.mark.fault("P10")
def test_a_dispute_waits_until_it_is_settled(vendor: Stripe, peer: peers.Stripe, call: Call) -> None:
    key = peer.hold(ADDRESS)
    charge = peer.add("charges", key, disputed=True)
    dispute = peer.add("disputes", key, charge=charge["id"], status="needs_response")
    with pytest.raises(Later, match="disputed"):
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert len(peer.of(ADDRESS)) == 1
    dispute["status"] = "lost"
    assert vendor.erase(Contact(address=ADDRESS), call=call).places == 1


def test_every_customer_with_the_address_is_emptied_however_many_pages_they_are(
    vendor: Stripe, peer: peers.Stripe, call: Call
) -> None:
    for number in range(5):
        peer.hold(ADDRESS, f"cus_{number}")
    peer.page = 2
    assert vendor.erase(Contact(address=ADDRESS), call=call) == Evidence(
        reference="req_1", status=200, places=5
    )
    assert peer.of(ADDRESS) == []
    assert vendor.erase(Contact(address=ADDRESS), call=call) == Evidence(absent=True)


def test_who_was_deleted_there_already_is_done(vendor: Stripe, peer: peers.Stripe, call: Call) -> None:
    key = peer.hold(ADDRESS)
    peer.customers[key] = {"id": key, "object": "customer", "deleted": True}
    for name in (key, "cus_nobody"):
        contact = Contact(address="new@example.com", references=(name,))
        assert vendor.erase(contact, call=call) == Evidence(absent=True)


@pytest.mark.promise("P30")
def test_what_stripe_holds_is_exported_whole_with_four_digits_of_the_card(
    vendor: Stripe, peer: peers.Stripe, call: Call
) -> None:
    key = peer.hold(ADDRESS)
    other = peer.hold("somebody.else@example.com")
    peer.page = 2
    for _number in range(5):
        peer.add("charges", key, amount=1200)
    peer.add("charges", other, amount=3400)
    peer.add("payment_intents", key, status="succeeded")
    peer.add("invoices", key, status="paid")
    peer.add("subscriptions", key, status="canceled")
    told = list(vendor.export(Contact(address=ADDRESS), call=call))
    assert [kind for kind, _one in told] == [
        *("customer", "payment_method"),
        *["charge"] * 5,
        *("payment_intent", "invoice", "subscription"),
    ]
    assert told[0][1]["email"] == ADDRESS
    card = told[1][1]["card"]
    assert isinstance(card, dict)
    assert (card["brand"], card["last4"]) == ("visa", "4242")
    assert other not in json.dumps(told)


def test_each_post_has_a_key_of_the_job(vendor: Stripe, peer: peers.Stripe, call: Call) -> None:
    peer.hold(ADDRESS)
    vendor.erase(Contact(address=ADDRESS), call=call)
    keys = [headers["idempotency-key"] for method, _path, _body, headers in peer.seen if method == "POST"]
    assert len(keys) == len(set(keys)) == 2
    assert all(one.startswith(f"rgpd-{call.job.uuid}-") for one in keys)


def test_a_failure_that_stripe_repeats_for_a_key_does_not_hold_the_next_attempt(
    vendor: Stripe, peer: peers.Stripe, call: Call
) -> None:
    peer.hold(ADDRESS)
    again = Call(job=call.job, now=NOW)
    for key in (f"rgpd-{call.key}-anonymise-cus_0001-1",):
        peer.answered[key] = peers.problem(500, "broken")
    with pytest.raises(Unreachable):
        vendor.erase(Contact(address=ADDRESS), call=call)
    again.job.attempts += 1
    assert vendor.erase(Contact(address=ADDRESS), call=again).places == 1


def test_no_telemetry_leaves_and_no_file_is_written(
    vendor: Stripe, peer: peers.Stripe, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    peer.hold(ADDRESS)
    vendor.erase(Contact(address=ADDRESS), call=call)
    assert stripe.enable_telemetry is False
    assert list(tmp_path.rglob("*")) == []
    told = json.dumps([headers for *_rest, headers in peer.seen]).lower()
    assert "telemetry" not in told


def test_a_redirect_is_not_followed(vendor: Stripe, peer: peers.Stripe, call: Call) -> None:
    """It would take the address, and the key, to somebody else."""
    peer.failures.append("redirect")
    with pytest.raises(Unreachable):
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert len(peer.seen) == 1


@pytest.mark.fault("P05")
@pytest.mark.parametrize(("limit", "value"), [("DEADLINE", 0.0), ("MOST", 5)])
def test_an_answer_has_an_end(
    vendor: Stripe, peer: peers.Stripe, call: Call, limit: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.hold(ADDRESS)
    monkeypatch.setattr(wire, limit, value)
    with pytest.raises(Unreachable):
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert len(peer.of(ADDRESS)) == 1


def test_a_list_has_an_end(
    vendor: Stripe, peer: peers.Stripe, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page says that there is one more, which is the same."""
    key = peer.hold(ADDRESS)
    page = {"object": "list", "url": "/v1/customers", "has_more": True, "data": [peer.customers[key]]}
    monkeypatch.setattr(peer, "answer", lambda *_asked: (200, page))
    with pytest.raises(Unreachable):
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert len(peer.of(ADDRESS)) == 1


def test_the_client_tries_a_passing_failure_again_itself(
    vendor: Stripe, peer: peers.Stripe, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_client, "RETRIES", 2)
    monkeypatch.setattr(stripe.RequestsClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe.RequestsClient, "MAX_DELAY", 0.01)
    peer.hold(ADDRESS)
    peer.failures.extend(["reset", "reset"])
    assert vendor.erase(Contact(address=ADDRESS), call=call).places == 1


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (404, "resource_missing", Meaning.ABSENT),
        (400, "resource_missing", Meaning.ABSENT),
        (404, None, Meaning.CLOSED),
        (401, None, Meaning.CLOSED),
        (403, None, Meaning.CLOSED),
        (400, "parameter_invalid_empty", Meaning.REFUSED),
        (400, "payment_intent_unexpected_state", Meaning.REFUSED),
        (402, "card_declined", Meaning.UNCLEAR),
        (409, None, Meaning.PASSING),
        (429, "rate_limit", Meaning.PASSING),
        (500, None, Meaning.PASSING),
        (302, None, Meaning.PASSING),
        (200, None, Meaning.PASSING),
        (None, None, Meaning.PASSING),
    ],
)
def test_what_an_error_means(status: int | None, code: str | None, meaning: Meaning) -> None:
    assert absences.stripe(status, code) is meaning


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/v1/customers/cus_1", "nmae=x"),
        ("POST", "/v1/customers/cus_1", "address[strete]=x"),
        ("POST", "/v1/customers/cus_1", "metadata=x"),
        ("GET", "/v1/customers?mail=x", ""),
        ("GET", "/v1/subscriptions?status=dead", ""),
        ("PUT", "/v1/customers/cus_1", ""),
        ("GET", "/v1/nobody", ""),
    ],
)
def test_the_contract_refuses_what_stripe_would(method: str, target: str, body: str) -> None:
    """Else it would prove nothing."""
    assert FormContract("stripe").broken_form(method, target, body)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_key": "pk_live_1"}, "secret key"),
        ({"erasure": "shred"}, "no erasure 'shred'"),
        ({"erasure": "keep"}, "lacks a reason"),
        ({"webhook_secrets": ("",)}, "empty text"),
        ({"host": "http://stripe.example.com"}, "without https"),
    ],
)
def test_a_wrong_option_is_found_at_start(options: dict[str, Any], said: str) -> None:
    right: dict[str, Any] = {"api_key": peers.KEY}
    assert list(Stripe(**right).problems()) == []
    (problem,) = Stripe(**{**right, **options}).problems()
    assert said in problem
    assert peers.KEY not in repr(Stripe(**right))


@pytest.mark.skipif("STRIPE_TEST_KEY" not in os.environ, reason="no key of a Stripe test account")
def test_stripe_itself_does_what_our_peer_does(call: Call) -> None:
    """With ``STRIPE_TEST_KEY`` of a test account: a customer is made, exported and emptied."""
    key = os.environ["STRIPE_TEST_KEY"]
    assert "_test_" in key
    made = stripe_client.made(key, base="", proxy="").v1.customers.create(
        params={"email": f"{call.job.uuid.hex}@example.com", "name": "x", "metadata": {"a": "1"}}
    )
    contact = Contact(address=f"{call.job.uuid.hex}@example.com", references=(made.id,))
    now = datetime.now(tz=UTC)
    vendor, again = Stripe(api_key=key), Call(job=call.job, now=now)
    assert [kind for kind, _one in vendor.export(contact, call=again)] == ["customer"]
    assert vendor.erase(contact, call=again).places == 1
    assert vendor.erase(Contact(address=contact.address), call=again).absent
