"""What the shop declares is what the promises need: the rest of a customer goes, her invoices stay."""

import pytest
from django.apps import apps
from django.core import checks
from django.utils import timezone

from django_rgpd.erasure.plan import plan
from django_rgpd.registry import people
from example_shop.factories import make_customer

pytestmark = pytest.mark.django_db

LABELS = {one.label for one in apps.get_app_configs() if one.name.startswith("example_shop.")}


def test_every_model_of_the_shop_is_declared(settings):
    settings.RGPD = settings.RGPD | {"COMPLETE": True}
    found = [one for one in checks.run_checks() if one.id.startswith("django_rgpd")]
    assert [one for one in found if str(one.obj).partition(".")[0] in LABELS] == []


def test_of_a_customer_nothing_but_the_invoices_would_stay():
    now = timezone.now()
    user = make_customer(orders=3)
    shown = plan(people.subject_of(user, now=now), now=now).as_json()
    assert [(one["model"], one["rows"], one["purpose"]) for one in shown["stays"]] == [
        ("invoices.Invoice", 3, "accounting")
    ]
    assert shown["open"] == []
    assert shown["blocked"] == []
    assert [one["key"] for one in shown["asks"]] == ["reviews"]
    gone = {one["model"] for one in shown["goes"]}
    assert gone >= {
        "accounts.User",
        "accounts.Address",
        "accounts.RelativeBirthday",
        "basket.Basket",
        "basket.BasketLine",
        "contact.ContactMessage",
        "orders.Order",
        "payments.Payment",
        "shop_reviews.Review",
        "wishes.Wish",
    }
