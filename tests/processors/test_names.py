"""By what processors may be told of a person: by what she proved, what an import vouches for, and the shop's own ids."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job
from django_rgpd.processors import calling, dummy
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.processors.conftest import DUMMY, NOTHING

pytestmark = pytest.mark.django_db

VICTIM = "vera@example.com"
NOT_TOLD = "not told: no proven address leads to you there"


@pytest.fixture
def claimant(now: datetime) -> Person:
    """Somebody who made an account with the address of somebody else, whom the shop knows by nothing she proved."""
    user = User.objects.create_user(email=VICTIM, password="a long password of hers")
    return people.person_of(user, now=now)


def run(now: datetime) -> None:
    deliver.run_due(now=now, names=calling.NAMES)


@pytest.mark.parametrize("how", ["account", "link", "term"])
def test_an_address_that_an_account_merely_claims_has_nobody_erased_elsewhere(
    newsletter: dict[str, Any], claimant: Person, now: datetime, how: str
) -> None:
    newsletter[VICTIM] = {"purposes": ["newsletter"]}
    erasure = erase(claimant, how=how, now=now)
    run(now)
    erasure.refresh_from_db()
    assert newsletter == {VICTIM: {"purposes": ["newsletter"]}}
    assert (erasure.state, erasure.processors) == (ErasureState.DONE, {})


@pytest.mark.promise("P46")
def test_who_cannot_be_told_is_named_so_beforehand_and_in_the_receipt(
    newsletter: dict[str, Any], claimant: Person, now: datetime
) -> None:
    shown = plan(people.subject(claimant), now=now)
    assert [(one.key, one.unnamed) for one in shown.told] == [("mailchimp", True)]
    assert NOT_TOLD in render_to_string("django_rgpd/erasure/plan.html", {"plan": shown})
    erase(claimant, how="account", now=now, expected=shown.digest)
    deliver.run_due(now=now)
    (receipt,) = mail.outbox
    assert NOT_TOLD in receipt.body
    assert NOT_TOLD in str(receipt.alternatives[0])  # type: ignore[attr-defined]


def test_of_whoever_is_not_told_no_part_is_said_to_stay(roads: Any, claimant: Person, now: datetime) -> None:
    """It would read as if the rest went."""
    roads(stripe={"class": "django_rgpd.processors.stripe.Stripe", "api_key": "sk_test_x"})
    shown = plan(people.subject(claimant), now=now)
    assert [(one.key, one.unnamed, one.leaves) for one in shown.told] == [("stripe", True, "")]
    people.prove(people.note("email", "hers@example.com", person=claimant, now=now), how="link", now=now)
    (told,) = plan(people.subject(claimant), now=now).told
    assert "payments and invoices" in told.leaves


def test_staff_who_made_sure_of_her_tell_by_the_address_of_the_account(
    newsletter: dict[str, Any], claimant: Person, now: datetime
) -> None:
    newsletter[VICTIM] = {"purposes": ["newsletter"]}
    shown = plan(people.subject(claimant), now=now, vetted=True)
    erase(claimant, how="staff", actor="user:1", now=now, expected=shown.digest)
    run(now)
    assert newsletter == {}


def test_an_id_of_the_shop_tells_without_any_address(roads: Any, user: User, now: datetime) -> None:
    dummy.forget()
    roads(stripe={"class": DUMMY, "references": ("payments.Payment.stripe_customer",)})
    Payment.objects.filter(order__customer=user).update(stripe_customer="cus_0001")
    Order.objects.filter(customer=user).update(status="cancelled")
    erasure = erase(people.person_of(user, now=now), how="account", now=now)
    (payload,) = Job.objects.filter(name=calling.ERASE).values_list("payload", flat=True)
    assert (payload["addresses"], payload["references"]) == ([], ["cus_0001"])
    assert [one["unnamed"] for one in erasure.plan["told"]] == [False]


@pytest.mark.promise("P46")
def test_who_was_imported_is_erased_where_the_import_had_her_written_to(
    newsletter: dict[str, Any], tmp_path: Path
) -> None:
    """An import vouches for her address and proves nobody's; the newsletter has her all the same."""
    file = tmp_path / "list.csv"
    file.write_text(
        "email,date,how,wording_text,language\n"
        'ivo@example.com,2026-03-31 14:05,old shop,"Yes, send me the newsletter.",en\n',
        encoding="utf-8",
    )
    call_command("rgpd_import_consents", str(file), "--purpose", "newsletter", "--no-input", verbosity=0)
    now = clock.now()
    run(now)
    assert newsletter["ivo@example.com"]["purposes"] == ["newsletter"]
    person = people.known("email", "ivo@example.com")
    assert person is not None
    erasure = erase(person, how="staff", actor="user:1", now=now)
    run(now)
    erasure.refresh_from_db()
    assert newsletter == {}
    assert erasure.processors["mailchimp"]["state"] == "done"


def test_the_page_after_a_deletion_names_nobody_who_keeps_what_they_hold(settings: Any) -> None:
    keep = {
        "class": "django_rgpd.processors.stripe.Stripe",
        "api_key": "sk_test_x",
        "erasure": "keep",
        "reason": "Incidents are settled there.",
    }
    nobody = {"class": NOTHING, "reason": "Nobody."}
    settings.RGPD = {
        **settings.RGPD,
        "PROCESSORS": {"stripe": keep, "mailchimp": {"class": DUMMY}, "host": nobody},
    }
    text = Client().get(reverse("django_rgpd:centre_deleted")).content.decode()
    assert "Mailchimp" in text
    assert "Stripe" not in text
