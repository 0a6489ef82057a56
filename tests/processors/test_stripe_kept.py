"""A shop that has Stripe keep what it holds says so, with its reason, and calls nobody; one with open business tells it later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.template.loader import render_to_string

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job
from django_rgpd.processors import calling
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.payments.models import Payment

STRIPE = "django_rgpd.processors.stripe.Stripe"
REASON = "Payment incidents are settled there for fifteen months."


@pytest.fixture
def kept(roads: Any) -> None:
    """Nothing answers at that address, and nothing is asked."""
    roads(
        stripe={
            "class": STRIPE,
            "api_key": "sk_test_x",
            "erasure": "keep",
            "reason": REASON,
            "host": "http://127.0.0.1:9",
        }
    )


@pytest.mark.promise("P46")
def test_what_stripe_keeps_is_said_beforehand_and_in_the_receipt(
    kept: None, person: Person, now: datetime
) -> None:
    shown = plan(people.subject(person), now=now)
    assert [(one.key, one.keeps) for one in shown.told] == [("stripe", REASON)]
    page = render_to_string("django_rgpd/erasure/plan.html", {"plan": shown})
    assert REASON in page
    erasure = erase(person, how="account", now=now)
    deliver.run_due(now=now)
    deliver.run_due(now=now + timedelta(hours=1))
    erasure.refresh_from_db()
    assert not Job.objects.filter(name=calling.ERASE).exists()
    assert (erasure.processors, erasure.state != ErasureState.TOLD) == ({}, True)
    (receipt,) = [one for one in mail.outbox if REASON in one.body]
    assert REASON in str(receipt.alternatives[0])


@pytest.mark.promise("P46")
def test_the_ids_that_the_shop_had_are_told_once_open_business_is_closed(
    roads: Any, person: Person, user: Any, now: datetime
) -> None:
    """The columns are emptied by then, or the rows are nobody's any more."""
    roads(
        stripe={
            "class": STRIPE,
            "api_key": "sk_test_x",
            "references": ("payments.Payment.stripe_customer",),
            "host": "http://127.0.0.1:9",
        }
    )
    Payment.objects.filter(order__customer=user).update(stripe_customer="cus_hers")
    held = Payment.objects.filter(order__customer=user).first()
    assert held is not None
    Payment.objects.filter(pk=held.pk).update(status="disputed")
    erasure = erase(person, how="account", now=now)
    assert (erasure.state, erasure.processors) == (ErasureState.OPEN, {})
    assert not Job.objects.filter(name=calling.ERASE).exists()
    deliver.run_due(now=now + timedelta(hours=1), names=frozenset({"erasure.second_pass"}))
    Payment.objects.filter(pk=held.pk).update(status="succeeded")
    for days in range(1, 4):
        deliver.run_due(
            now=now + timedelta(days=days), names=frozenset({"erasure.second_pass", "erasure.open_business"})
        )
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.TOLD
    assert Job.objects.get(name=calling.ERASE).payload["references"] == ["cus_hers"]
    assert not Payment.objects.filter(stripe_customer="cus_hers").exists()
