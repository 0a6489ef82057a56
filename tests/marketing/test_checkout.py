"""Marketing boxes on the shop's own forms: unticked, separate, and a way out where the sale allows offers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django import forms

from django_rgpd.consent import decisions, state
from django_rgpd.consent.models import Standing
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.checkout import MarketingBoxes
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, UserFactory

from .conftest import link_in

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
OFFERS = ("offers", "email")


class Checkout(MarketingBoxes, forms.Form):
    """A form of a shop."""

    name = forms.CharField()


class SignUp(MarketingBoxes, forms.ModelForm):
    """A form of a shop at which nothing is bought."""

    at_a_sale = False
    marketing_form = "sign_up"

    class Meta:
        model = User
        fields = ("first_name",)


def filled(form: type[MarketingBoxes] = Checkout, **ticked: str) -> MarketingBoxes:
    hidden = {name: field.initial for name, field in form().fields.items() if name.endswith("_text")}
    found = form({"name": "x", "first_name": "x", **hidden, **ticked})
    assert found.is_valid(), found.errors
    return found


def test_boxes_are_separate_unticked_and_optional() -> None:
    form = Checkout()
    assert form.marketing_box_names == [
        "marketing_newsletter_email",
        "marketing_offers_email",
        "marketing_surveys_email",
    ]
    for name in form.marketing_box_names:
        field = form.fields[name]
        assert (field.required, field.initial) == (False, False)
    assert "no, thank you" in str(form.fields["marketing_offers_email"].label)
    assert "checked" not in form.as_p()
    assert form.marketing_notice
    assert "yes, please" in str(SignUp().fields["marketing_offers_email"].label)


def test_a_guest_who_ticks_confirms_by_mail(today: datetime, delivered: Callable, client) -> None:
    filled(marketing_newsletter_email="on").record_marketing(email="gus@example.com", now=today)
    assert set(Event.objects.exclude(person=None).values_list("kind", flat=True)) == {"consent.informed"}
    (message,) = delivered()
    client.post(link_in(message, "/confirm/"))
    person = people.known("email", "gus@example.com")
    assert person is not None
    assert state.live(person, *NEWS)


def test_a_proven_account_agrees_at_once(today: datetime, make_person: Callable) -> None:
    user = UserFactory(email="bea@example.com")
    person = make_person("bea@example.com", user=user)
    filled(marketing_newsletter_email="on").record_marketing(email=user.email, user=user, now=today)
    row = state.rows(person)[NEWS]
    assert row.live
    assert row.wording is not None
    assert not Job.objects.exists()


def test_an_account_that_types_another_address_confirms_by_mail(
    today: datetime, make_person: Callable
) -> None:
    user = UserFactory(email="bea@example.com")
    person = make_person("bea@example.com", user=user)
    filled(marketing_newsletter_email="on").record_marketing(email="else@example.com", user=user, now=today)
    assert not state.live(person, *NEWS)
    assert Job.objects.count() == 1


@pytest.mark.promise("P14")
def test_a_silent_customer_was_offered_a_way_out(today: datetime, make_person: Callable) -> None:
    user = UserFactory(email="bea@example.com")
    person = make_person("bea@example.com", user=user)
    OrderFactory(customer=user, placed_at=today, paid_at=today)
    assert not decisions.may_send(person, *OFFERS, now=today)
    filled().record_marketing(email=user.email, user=user, now=today)
    assert decisions.may_send(person, *OFFERS, now=today).reason == "customer"


@pytest.mark.promise("P14")
def test_a_customer_who_says_no_thanks_gets_no_offers(today: datetime, make_person: Callable) -> None:
    user = UserFactory(email="bea@example.com")
    person = make_person("bea@example.com", user=user)
    OrderFactory(customer=user, placed_at=today, paid_at=today)
    filled(marketing_offers_email="on").record_marketing(email=user.email, user=user, now=today)
    assert state.rows(person)[OFFERS].standing == Standing.OBJECTED
    filled().record_marketing(email=user.email, user=user, now=today + timedelta(days=1))
    assert not decisions.may_send(person, *OFFERS, now=today + timedelta(days=1))


def test_a_stranger_who_types_an_address_ends_no_consent_of_its_holder(
    today: datetime, make_person: Callable
) -> None:
    holder = make_person("bea@example.com", user=UserFactory(email="bea@example.com"))
    decisions.give(holder, *OFFERS, how="account", now=today - timedelta(hours=1))
    filled(marketing_offers_email="on").record_marketing(email="bea@example.com", now=today)
    assert state.live(holder, *OFFERS)


def test_an_order_goes_on_where_the_limits_cannot_be_counted(today: datetime) -> None:
    with patch("django.core.cache.backends.locmem.LocMemCache.add", side_effect=OSError):
        filled(marketing_newsletter_email="on").record_marketing(email="gus@example.com", now=today)
    assert not Job.objects.exists()


def test_a_text_that_was_not_shown_is_an_error_of_the_form() -> None:
    form = Checkout({"name": "x", "marketing_newsletter_email": "on", "marketing_newsletter_email_text": "0"})
    assert not form.is_valid()
    assert "marketing_newsletter_email" in form.errors


def test_the_mixin_works_before_a_model_form(today: datetime, make_person: Callable) -> None:
    user = UserFactory(email="bea@example.com")
    person = make_person("bea@example.com", user=user)
    form = filled(SignUp, marketing_offers_email="on")
    form.record_marketing(email=user.email, user=user, now=today)
    assert state.live(person, *OFFERS)
    assert not state.live(person, *NEWS)
    assert set(Event.objects.exclude(person=None).values_list("how", flat=True)) == {"sign_up"}


def test_an_address_that_takes_no_mail_does_not_stop_an_order(today: datetime) -> None:
    form = filled(marketing_newsletter_email="on")
    form.record_marketing(email='"a b"@example.com', phone="none", now=today)
    assert not Event.objects.exclude(person=None).exists()
    assert not Job.objects.exists()
