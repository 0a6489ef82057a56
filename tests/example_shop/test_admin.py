"""What staff can do, and cannot."""

import pytest
from django.contrib import admin
from django.urls import reverse

from example_shop.accounts.models import User
from example_shop.factories import make_customer
from example_shop.invoices.models import Invoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff@example.com", "x"))
    return client


def shop_models():
    return [one for one in admin.site._registry if one.__module__.startswith("example_shop")]


@pytest.mark.parametrize("model", shop_models(), ids=lambda one: one._meta.label)
def test_each_list_and_form_of_the_admin_opens(staff, model):
    make_customer()
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert staff.get(reverse(f"{name}_changelist"), {"q": "a"}).status_code in (200, 302)
    row = model._base_manager.first()
    assert staff.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


def test_staff_add_an_account(staff):
    values = {"email": "New@example.com", "password1": "lampions-xyz", "password2": "lampions-xyz"}
    values["usable_password"] = "true"
    page = reverse("admin:accounts_user_add")
    assert staff.get(page).status_code == 200
    assert staff.post(page, values).status_code == 302
    assert User.objects.get(email="new@example.com").check_password("lampions-xyz")


def test_no_customer_is_deleted_by_the_admin(staff):
    user = make_customer()
    assert (
        staff.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
    )
    chosen = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    staff.post(reverse("admin:accounts_user_changelist"), chosen)
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("field", ["number", "billing_name", "billing_street", "billing_city"])
def test_staff_find_an_invoice_by_number_name_and_address(staff, field):
    make_customer(orders=1)
    invoice = Invoice.objects.get()
    page = staff.get(reverse("admin:invoices_invoice_changelist"), {"q": getattr(invoice, field)})
    assert invoice.number in page.content.decode()
    document = staff.get(reverse("admin:invoices_invoice_document", args=[invoice.pk]))
    assert b"".join(document.streaming_content).startswith(b"%PDF")


def test_staff_cannot_change_an_invoice(staff):
    make_customer(orders=1)
    before = Invoice.objects.values().get()
    page = reverse("admin:invoices_invoice_change", args=[before["id"]])
    assert staff.post(page, {"billing_name": "x"}).status_code == 403
    assert Invoice.objects.values().get() == before
