"""Our processors against mocks that are made of the vendors' whole contracts, and answer with all that those have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_rgpd.outbox import jobs
from django_rgpd.outbox.outcomes import Alone, Declined, Later, NeedsSomeone
from django_rgpd.processors import calling, stripe_business
from django_rgpd.processors.base import Call, Contact, Unreachable
from django_rgpd.processors.mailchimp import Mailchimp
from django_rgpd.processors.stripe import Stripe
from tests.contracts.contract import ADDRESS, NOW
from tests.contracts.peers import mailchimp as mailchimp_peers
from tests.contracts.peers import stripe as stripe_peers
from tests.contracts.whole import prism
from tests.contracts.whole.served import AT_NIGHT, Prisms

pytestmark = AT_NIGHT

HER = Contact(address=ADDRESS, fields={"FNAME": "Élodie"}, agreed_at=NOW)
NEW = Contact(address="new@example.com", fields={"FNAME": "Élodie"})


@pytest.fixture(autouse=True)
def told() -> Iterator[list[str]]:
    """Whatever a test does, each request was one that the contract allows."""
    found: list[str] = []
    with prism.heard(found):
        yield found
    assert found == []


@pytest.fixture
def mailchimp(prisms: Prisms) -> Mailchimp:
    """With all that it can be told."""
    return Mailchimp(
        api_key=mailchimp_peers.KEY,
        audiences={"newsletter": "a6b5da1054"},
        tags={"newsletter": ["shop"]},
        permissions={"newsletter": ["f2a9"]},
        host=prisms("mailchimp", "mock", "--errors"),
    )


@pytest.fixture
def stripe(prisms: Prisms) -> Stripe:
    """As a shop has it."""
    return Stripe(api_key=stripe_peers.KEY, host=prisms("stripe", "mock", "--errors"))


@pytest.fixture
def call(db: None) -> Call:
    """Some job's attempt."""
    return Call(job=jobs.put(calling.SYNC, {}, now=NOW), now=NOW)


def forced(code: int) -> dict[str, str]:
    """What has prism answer with an error."""
    return {"Prefer": f"code={code}", "Accept": "application/problem+json, application/json"}


def test_mailchimp_is_told_of_every_step(mailchimp: Mailchimp, call: Call) -> None:
    assert mailchimp.subscribe(HER, "newsletter", call=call).status == 200
    assert mailchimp.opt_out(HER, "newsletter", call=call).status == 200
    assert mailchimp.update(HER, NEW, call=call).status == 200
    assert mailchimp.erase(HER, call=call).status == 204


def test_mailchimp_is_told_of_many_at_once(mailchimp: Mailchimp, call: Call) -> None:
    """The mock's answer names an address of its own among the errors: it says nothing of anybody."""
    for told in (
        mailchimp.subscribe_many([HER, NEW], "newsletter", list, call=call),
        mailchimp.opt_out_many([HER, NEW], "newsletter", call=call),
    ):
        assert told.evidence.status == 200
        assert all(isinstance(end, Alone) for end in told.refused.values())


def test_mailchimp_is_asked_what_it_holds(mailchimp: Mailchimp, call: Call) -> None:
    (held,) = mailchimp.export(HER, call=call)
    assert held[0] == "member"
    assert {"purpose", "status", "last_changed", "merge_fields", "tags"} <= set(held[1])
    page = mailchimp.members("newsletter", call=call)
    assert len(page.members) == 1
    assert page.next


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (400, Declined),
        (401, NeedsSomeone),
        (403, NeedsSomeone),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_an_error_of_mailchimp_s_ends_as_it_should(
    mailchimp: Mailchimp, call: Call, code: int, outcome: type[Exception]
) -> None:
    with prism.heard([], asking=forced(code)), pytest.raises(outcome):
        mailchimp.opt_out(HER, "newsletter", call=call)


def test_somebody_whom_mailchimp_does_not_know_is_absent(mailchimp: Mailchimp, call: Call) -> None:
    with prism.heard([], asking=forced(404)):
        assert mailchimp.opt_out(HER, "newsletter", call=call).absent


def test_stripe_is_asked_what_it_holds(stripe: Stripe, call: Call) -> None:
    """Of every kind one, as whole as the contract has it."""
    kinds = [kind for kind, one in stripe.export(HER, call=call) if len(one) > 5]
    of_a_customer = ["payment_method", "charge", "payment_intent", "invoice", "subscription"]
    assert kinds == ["customer", *of_a_customer]


@pytest.mark.parametrize("choice", ["anonymise", "delete"])
def test_stripe_is_told_of_an_erasure(
    stripe: Stripe, call: Call, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mock has a subscription that lives, so nothing is done; without one, everything is."""
    vendor = Stripe(api_key=stripe.api_key, host=stripe.host, erasure=choice)
    with pytest.raises(NeedsSomeone, match="subscription"):
        vendor.erase(HER, call=call)
    monkeypatch.setattr(stripe_business, "LIVING", frozenset())
    with pytest.raises(Later, match="invoice"):
        vendor.erase(HER, call=call)
    monkeypatch.setattr(stripe_business, "refuse_open", lambda *_args, **_more: None)
    assert vendor.erase(HER, call=call).status == 200


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(400, NeedsSomeone), (401, NeedsSomeone), (403, NeedsSomeone), (409, Unreachable), (500, Unreachable)],
)
def test_an_error_of_stripe_s_ends_as_it_should(
    stripe: Stripe, call: Call, code: int, outcome: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_rgpd.processors.stripe_client.RETRIES", 0)
    with prism.heard([], asking=forced(code)), pytest.raises(outcome):
        stripe.erase(HER, call=call)
