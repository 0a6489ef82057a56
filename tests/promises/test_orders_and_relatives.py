"""What the shop promises of the terms of sale, and of other people whom a customer tells it of."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.test import Client
from pypdf import PdfReader

from django_rgpd.export.models import ExportRequest
from django_rgpd.registry import registry
from django_rgpd.testing import assert_erased
from example_shop.accounts.models import RelativeBirthday, User
from example_shop.factories import ProductFactory, UserFactory
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from tests.centre.test_export_door import collected
from tests.journeys.test_by_pages import prove, values
from tests.promises.conftest import START, Day

pytestmark = pytest.mark.django_db

NEXT = timedelta(days=1)
WHERE = {
    "name": "Marie Dupont",
    "street": "1 rue Neuve",
    "postcode": "69001",
    "city": "Lyon",
    "country": "FR",
}
DELETE = "/privacy/delete/"


def delete(browser: Client) -> None:
    """Her account, by the page."""
    prove(browser)
    answer = browser.post(DELETE, values(browser, DELETE, "Delete my account"))
    assert answer["Location"] == "/privacy/deleted/"


def document(staff: Client, invoice: Invoice) -> str:
    """What the PDF says that staff are handed for the books."""
    answer = staff.get(f"/admin/invoices/invoice/{invoice.pk}/document/")
    raw = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return PdfReader(io.BytesIO(raw)).pages[0].extract_text()


@pytest.mark.promise("P07")
def test_day_of_accepting_the_terms_stays_with_the_invoice(day: Day, browser: Client, client: Client) -> None:
    product = ProductFactory()
    browser.post(f"/en/basket/add/{product.slug}/", {"quantity": "1"})
    assert browser.post("/en/checkout/", WHERE).status_code == 200, "not without the terms"
    assert not Invoice.objects.exists()
    browser.post("/en/checkout/", {**WHERE, "terms": "on"})
    invoice = Invoice.objects.get()
    accepted = invoice.order.terms_accepted_on
    assert (invoice.terms_accepted_on, accepted) == (accepted, invoice.issued_on)

    Order.objects.update(status="delivered", closed_on=accepted)
    staff = Client()
    staff.force_login(UserFactory(is_staff=True, is_superuser=True))
    before = document(staff, invoice)
    assert f"acceptées le {accepted.isoformat()}" in before
    delete(browser)
    day(START + NEXT)
    assert document(staff, invoice) == before
    assert Invoice.objects.get().terms_accepted_on == accepted

    day(START.replace(year=accepted.year + 10, month=12, day=30))
    assert document(staff, invoice) == before
    day(START.replace(year=accepted.year + 11, month=1, day=1))
    assert staff.get(f"/admin/invoices/invoice/{invoice.pk}/document/").status_code in {302, 404}


@pytest.fixture
def birthday(browser: Client, marie: User) -> RelativeBirthday:
    """Her nephew's, which she told the shop by its page."""
    browser.post("/en/account/birthdays/new/", {"name": "Barthélemy-Ange", "date": "2019-09-03"})
    return RelativeBirthday.objects.get(user=marie)


@pytest.mark.promise("P08")
def test_relatives_birthday_is_declared_as_somebody_elses_and_optional(birthday: RelativeBirthday) -> None:
    entry = registry.entries[RelativeBirthday]
    assert set(entry.declaration.fields) == {"name", "date"}
    assert "told by the customer" in str(entry.declaration.source)


@pytest.mark.promise("P08")
def test_relatives_birthday_is_in_the_export(day: Day, browser: Client, birthday: RelativeBirthday) -> None:
    assert "Birthdays that you told us of" in browser.get("/privacy/").content.decode()
    browser.post("/privacy/export/", {"document": "access"})
    assert [one for one in day(START + NEXT) if "can be collected" in one.subject]
    prove(browser)
    text = collected(browser, f"/privacy/export/{ExportRequest.objects.get().uuid}/").decode()
    assert "Barthélemy-Ange" in text
    assert "2019-09-03" in text
    assert "told by the customer" in text


@pytest.mark.promise("P08")
def test_relatives_birthday_goes_with_the_account_or_by_itself(
    day: Day, browser: Client, birthday: RelativeBirthday
) -> None:
    browser.post("/en/account/birthdays/new/", {"name": "Clémentine-Rose", "date": "2020-01-09"})
    browser.post(f"/en/account/birthdays/{birthday.pk}/forget/")
    assert [one.name for one in RelativeBirthday.objects.all()] == ["Clémentine-Rose"]
    delete(browser)
    day(START + NEXT)
    mail.outbox.clear()
    assert not RelativeBirthday.objects.exists()
    assert_erased("marie@example.com", values={"text": ["Barthélemy-Ange", "Clémentine-Rose"]})


@pytest.mark.promise("P08")
def test_relatives_birthday_ends_with_the_accounts_term(day: Day, birthday: RelativeBirthday) -> None:
    end = START + relativedelta(years=3)
    for at in (end - 30 * NEXT, end - 7 * NEXT, end - NEXT):
        day(at)
        assert RelativeBirthday.objects.exists()
    day(end + NEXT)
    assert not RelativeBirthday.objects.exists()
