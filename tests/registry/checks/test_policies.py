"""What a policy cannot mean, and terms that the usual limits do not know."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.checks.registry import registry as wired
from django.db import models
from django.utils.translation import gettext_lazy

from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import (
    EMAIL,
    FISCAL_YEAR_END,
    LAST_CONTACT,
    LAST_SALE,
    PAYMENT,
    UNTIL_WITHDRAWN,
    Consent,
    Contract,
    Controller,
    Customer,
    LegalObligation,
    LegitimateInterest,
    Purpose,
    Recipient,
    days,
    months,
    years,
)
from django_rgpd.registry import Blank, Personal, Sales, Who, checks
from django_rgpd.registry.checks import check_policy

LAW = LegalObligation("Code de commerce, L123-22")


def test_checks_are_wired():
    for check in (checks.check_policy, checks.check_declarations, checks.check_models):
        assert check in wired.get_checks()


def test_e020_where_the_setting_names_something_else(monkeypatch, settings, found):
    from django_rgpd.policy import current

    monkeypatch.setattr(checks, "current", current)
    settings.RGPD = {**settings.RGPD, "POLICY": "datetime.date"}
    assert found(check_policy) == ["E020"]


def test_a_policy_that_is_not_there_is_left_to_the_check_of_the_settings(monkeypatch, found):
    def missing():
        raise Misconfigured("cannot be imported")

    monkeypatch.setattr(checks, "current", missing)
    assert found(check_policy) == []
    assert found() == []


def test_e036_where_nobody_says_what_a_sale_is(promise, declare, found):
    promise(
        Purpose("offers", "Offers", bases=[LegitimateInterest(when=Customer(within=years(3)))], term=years(3))
    )
    assert found(check_policy) == ["E036"]
    declare(get_user_model(), sales=Sales(paid_at="date_joined"))
    assert found(check_policy) == []


def test_e036_where_a_term_counts_from_the_last_sale(promise, found):
    promise(Purpose("offers", "Offers", bases=[Contract()], term=years(3), clock=LAST_SALE))
    assert found(check_policy) == ["E036"]


@pytest.mark.parametrize("key", ["", " "])
def test_e039_where_a_purpose_has_no_key(promise, found, key):
    promise(Purpose(key, "Orders", bases=[Contract()], term=years(3)))
    assert found(check_policy, "'Orders'") == ["E039"]


@pytest.mark.parametrize(
    "controller", [Controller(name="My shop"), Controller(name="", email="privacy@example.com")]
)
def test_w059_where_nobody_could_write_to_who_answers(promise, found, controller):
    promise(controller=controller)
    assert found(check_policy, "controller") == ["W059"]


@pytest.mark.parametrize("reached", [{"address": "1 street, Lyon"}, {"email": "privacy@example.com"}])
def test_one_way_to_write_to_who_answers_is_enough(promise, found, reached):
    promise(controller=Controller(name=gettext_lazy("My shop"), **reached))
    assert found(check_policy) == []


def test_e046_where_a_purpose_has_no_basis(promise, found):
    promise(Purpose("orders", "Orders", bases=[], term=years(3)))
    assert found(check_policy, "'orders'") == ["E046"]


@pytest.mark.parametrize("key", ["orders", "rgpd_proof"])
def test_e047_where_two_purposes_have_one_key(promise, found, key):
    promise(
        Purpose("orders", "Orders", bases=[Contract()], term=years(3)),
        Purpose(key, "Orders again", bases=[Contract()], term=years(3)),
    )
    assert found(check_policy) == ["E047"]


def test_e048_where_a_recipient_gets_data_for_nothing(promise, found):
    promise(recipients=[Recipient("carrier", "The post", purposes=["deliveries"])])
    assert found(check_policy, "'deliveries'") == ["E048"]


@pytest.mark.parametrize("term", [years(9), months(119), days(3_600)])
def test_e052_where_invoices_are_kept_too_short(promise, found, term):
    promise(Purpose("bills", "Invoices", bases=[LAW], term=term, clock=FISCAL_YEAR_END, reason="We forget."))
    assert found(check_policy) == ["E052"]


@pytest.mark.parametrize("active", [years(10), months(121), UNTIL_WITHDRAWN])
def test_e049_where_nothing_would_ever_be_in_the_archive(promise, found, active):
    values = {"bases": [LAW], "term": years(10), "clock": FISCAL_YEAR_END}
    promise(Purpose("accounting", "Invoices", active=active, **values))
    assert found(check_policy) == ["E049"]
    promise(Purpose("accounting", "Invoices", active=months(119), **values))
    assert found(check_policy) == []


def test_invoices_of_ten_years_from_the_end_of_the_year_are_fine(promise, found):
    promise(Purpose("accounting", "Invoices", bases=[LAW], term=years(10), clock=FISCAL_YEAR_END))
    assert found(check_policy) == []


def test_another_duty_than_the_books_has_its_own_term(promise, found):
    promise(Purpose("recalls", "Recalls", bases=[LegalObligation("Art. L423-3")], term=years(2)))
    assert found(check_policy) == []


@pytest.mark.parametrize(
    "unusual",
    [
        {"bases": [Consent()], "term": months(13), "channels": {"phone"}},
        {"bases": [LegitimateInterest()], "term": months(37), "channels": {EMAIL}},
        {"bases": [LegitimateInterest(marketing=False)], "term": UNTIL_WITHDRAWN},
        {"bases": [Contract()], "term": months(25), "clock": LAST_CONTACT},
        {"bases": [Contract()], "term": years(6)},
        {"bases": [Contract()], "term": UNTIL_WITHDRAWN},
        {"bases": [LAW], "term": years(10)},
    ],
)
def test_w057_where_a_term_is_unusual_and_a_reason_answers(promise, found, unusual):
    promise(Purpose("accounts", "It", **unusual))
    assert found(check_policy, "'accounts'") == ["W057"]
    promise(Purpose("accounts", "It", **unusual, reason="Because of the law of 1 January."))
    assert found(check_policy) == []


def test_w058_where_payments_are_kept_past_disputes(promise, declare, a_model, found):
    model = a_model(
        "Paid",
        owner=models.ForeignKey(get_user_model(), models.CASCADE),
        reference=models.CharField(max_length=9),
    )
    declare(
        model,
        who=Who(user="owner"),
        fields={"reference": Personal("payments", erase=Blank(), category=PAYMENT)},
        internal=["owner"],
    )
    promise(Purpose("payments", "Payments", bases=[Contract()], term=months(16)))
    assert found(check_policy, "reference") == ["W058"]
    promise(Purpose("payments", "Payments", bases=[Contract()], term=months(15)))
    assert found(check_policy) == []
