"""The intermediate archive, as staff meet it: everyday staff, staff who may read it, and a superuser."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_rgpd.ledger.models import Event
from django_rgpd.retention.archive_admin import ArchiveInlineMixin
from example_shop.accounts.admin import NeverDeleted
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    ContactMessageFactory,
    GuestOrderFactory,
    PaymentFactory,
    make_guest,
    make_invoice,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.admin import OrderAdmin
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.journeys.test_by_pages import prove, values
from tests.promises.conftest import START, Day

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P51")]

LIST = "admin:invoices_invoice_changelist"
PAGE = "admin:invoices_invoice_change"
ARCHIVE = {"rgpd_archive": "1"}
LATER = datetime(START.year + 1, 12, 31, 12, tzinfo=UTC)
"""The active year of an invoice of the first day is over."""


def staff(*permissions: str) -> Client:
    """Somebody of the shop, with what she needs every day and ``permissions``."""
    user = User.objects.create_user(f"staff-{User.objects.count()}@example.com", "x", is_staff=True)
    codes = [
        f"{verb}_{name}" for verb in ("view", "change") for name in ("invoice", "order", "contactmessage")
    ]
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[*codes, "view_payment", "change_payment", *permissions])
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def everyday(day: Day) -> Client:
    """Staff who may see and change, and may not read the archive."""
    return staff()


@pytest.fixture
def archivist(day: Day) -> Client:
    """Staff who may read the archive."""
    return staff("view_archive")


@pytest.fixture
def invoices(day: Day, monkeypatch: pytest.MonkeyPatch) -> tuple[Invoice, Invoice]:
    """One in the archive, one of last week."""
    old = make_invoice(GuestOrderFactory(placed_at=START, name="Aurore Vieuxtemps"))
    new = make_invoice(GuestOrderFactory(placed_at=LATER - relativedelta(days=7), name="Basile Nouvel"))
    day(LATER)
    return old, new


def readings() -> list[tuple[str, str, object]]:
    """What the ledger knows of them: how, who, what."""
    events = Event.objects.filter(kind="archive.read").order_by("pk")
    return [(event.how, event.actor, event.payload) for event in events]


def test_everyday_staff_see_last_weeks_invoice_and_not_the_archive(
    everyday: Client, invoices: tuple[Invoice, Invoice]
) -> None:
    old, new = invoices
    page = everyday.get(reverse(LIST))
    assert page.status_code == 200
    said = page.content.decode()
    assert new.number in said
    assert old.number not in said
    assert "rgpd_archive" not in said, "nor that there is one"
    assert old.number not in everyday.get(reverse(LIST), {"q": "Vieuxtemps"}).content.decode()
    assert readings() == []


@pytest.mark.fault("S08")
@pytest.mark.parametrize("page", ["change", "history", "delete", "document"])
def test_an_archived_row_is_for_everyday_staff_as_if_it_had_never_been(
    everyday: Client, invoices: tuple[Invoice, Invoice], page: str
) -> None:
    old, _new = invoices
    before = list(Invoice.objects.order_by("pk").values())
    here, nowhere = (reverse(f"admin:invoices_invoice_{page}", args=[pk]) for pk in (old.pk, old.pk + 999))
    for ask in (everyday.get, everyday.post):
        answer, never = ask(here, {"post": "yes"}), ask(nowhere, {"post": "yes"})
        assert answer.status_code == never.status_code in (302, 403, 404)
        assert answer.headers.get("Location") == never.headers.get("Location")
        assert "Vieuxtemps" not in answer.content.decode()
    assert list(Invoice.objects.order_by("pk").values()) == before
    assert readings() == []


@pytest.mark.fault("S08")
def test_a_filter_in_the_address_shows_everyday_staff_nothing(
    everyday: Client, invoices: tuple[Invoice, Invoice]
) -> None:
    answer = everyday.get(reverse(LIST), ARCHIVE, follow=True)
    assert invoices[0].number not in answer.content.decode()
    assert readings() == []


@pytest.mark.fault("S08")
@pytest.mark.promise("P81")
def test_who_may_reads_the_archive_and_each_reading_is_recorded(
    archivist: Client, invoices: tuple[Invoice, Invoice]
) -> None:
    old, new = invoices
    everyday_list = archivist.get(reverse(LIST)).content.decode()
    assert new.number in everyday_list
    assert old.number not in everyday_list, "not among what is needed every day, for her neither"
    assert readings() == []

    listed = archivist.get(reverse(LIST), ARCHIVE).content.decode()
    assert old.number in listed
    assert new.number not in listed
    shown = archivist.get(reverse(PAGE, args=[old.pk]))
    assert "Aurore Vieuxtemps" in shown.content.decode()
    actor = f"user:{archivist.session['_auth_user_id']}"
    told = {"model": "invoices.Invoice", "keys": [str(old.pk)]}
    assert readings() == [("list", actor, told), ("row", actor, told)]
    assert archivist.get(reverse(PAGE, args=[new.pk])).status_code == 200
    assert len(readings()) == 2, "what is in everyday use is not recorded"


def test_the_document_of_an_archived_invoice_is_a_reading_too(
    archivist: Client, invoices: tuple[Invoice, Invoice]
) -> None:
    document = archivist.get(reverse("admin:invoices_invoice_document", args=[invoices[0].pk]))
    assert b"".join(document.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    assert [how for how, _who, _what in readings()] == ["row"]


@pytest.mark.fault("S08")
def test_who_may_read_the_archive_and_not_the_model_reads_nothing(
    day: Day, invoices: tuple[Invoice, Invoice]
) -> None:
    stranger = staff("view_archive")
    User.objects.get(pk=stranger.session["_auth_user_id"]).user_permissions.remove(
        *Permission.objects.filter(codename__endswith="_invoice")
    )
    assert stranger.get(reverse(LIST), ARCHIVE).status_code == 403
    assert "Vieuxtemps" not in stranger.get(reverse(PAGE, args=[invoices[0].pk])).content.decode()
    assert readings() == []


def test_nobody_reads_the_archive_as_somebody_else(
    archivist: Client, invoices: tuple[Invoice, Invoice]
) -> None:
    session = archivist.session
    session["hijack_history"] = ["1"]
    session.save()
    answer = archivist.get(reverse(LIST), ARCHIVE, follow=True)
    assert invoices[0].number not in answer.content.decode()
    assert archivist.get(reverse(PAGE, args=[invoices[0].pk])).status_code == 302
    assert readings() == []


@pytest.mark.parametrize("who", ["archivist", "superuser"])
def test_nothing_in_the_archive_is_changed_or_deleted(day: Day, who: str) -> None:
    message = ContactMessageFactory(user=None, name="Aurore Vieuxtemps", received_at=START)
    day(START + relativedelta(months=6))
    client = staff("view_archive", "delete_contactmessage")
    if who == "superuser":
        client.force_login(User.objects.create_superuser("boss@example.com", "x"))
    before = ContactMessage.objects.values().get()
    page, delete = (
        reverse(f"admin:contact_contactmessage_{name}", args=[message.pk]) for name in ("change", "delete")
    )
    shown = client.get(page).content.decode()
    assert "Aurore Vieuxtemps" in shown
    assert 'name="_save"' not in shown
    assert client.post(page, {"subject": "x", "text": "x", "email": "x@example.com"}).status_code == 403
    assert client.post(delete, {"post": "yes"}).status_code == 403
    messages = reverse("admin:contact_contactmessage_changelist")
    assert client.get(messages, ARCHIVE).context["action_form"] is None
    assert client.get(messages).context["action_form"] is not None
    chosen = {"action": "delete_selected", "_selected_action": [message.pk], "post": "yes"}
    for where in ("", "?rgpd_archive=1"):
        client.post(messages + where, chosen)
    assert ContactMessage.objects.values().get() == before


@pytest.fixture
def deletable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop in which staff delete orders, and lines with them."""
    monkeypatch.setattr(NeverDeleted, "has_delete_permission", admin.ModelAdmin.has_delete_permission)


@pytest.mark.fault("S08")
@pytest.mark.parametrize("on_delete", [models.CASCADE, models.PROTECT], ids=["cascade", "protect"])
@pytest.mark.parametrize("place", ["page", "list"])
def test_nothing_in_the_archive_goes_with_what_it_belongs_to(
    deletable: None,
    invoices: tuple[Invoice, Invoice],
    monkeypatch: pytest.MonkeyPatch,
    on_delete: object,
    place: str,
) -> None:
    monkeypatch.setattr(Invoice._meta.get_field("order").remote_field, "on_delete", on_delete)
    client = staff("delete_order", "delete_invoice", "delete_orderline", "view_orderline")
    old, new = (invoice.order for invoice in invoices)

    def ask(order: Order, verb: str = "post") -> HttpResponse:
        chosen = {"action": "delete_selected", "_selected_action": [order.pk]}
        if place == "page":
            here = reverse("admin:orders_order_delete", args=[order.pk])
            return client.post(here, {"post": "yes"}) if verb == "post" else client.get(here)
        return client.post(
            reverse("admin:orders_order_changelist"), chosen | ({"post": "yes"} if verb == "post" else {})
        )

    shown = ask(old, "get")
    assert shown.status_code == 200
    assert invoices[0].number not in shown.content.decode()
    assert f"/invoice/{invoices[0].pk}/" not in shown.content.decode()
    assert ask(old).status_code == 403
    assert Order.objects.filter(pk=old.pk).exists()
    assert Invoice.objects.filter(pk=invoices[0].pk).exists()

    assert invoices[1].number in ask(new, "get").content.decode(), "what is in everyday use is named as ever"
    ask(new)
    assert Order.objects.filter(pk=new.pk).exists() is (on_delete is models.PROTECT)


class _Invoices(ArchiveInlineMixin, admin.TabularInline):  # type: ignore[type-arg]
    model = Invoice
    extra = 0
    exclude = ("pdf",)


@pytest.mark.promise("P81")
def test_archived_rows_beside_an_archived_one_are_read_and_recorded_too(
    day: Day, archivist: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OrderAdmin, "inlines", (_Invoices,))
    invoice = make_invoice(GuestOrderFactory(placed_at=START, name="Aurore Vieuxtemps"))
    page = reverse("admin:orders_order_change", args=[invoice.order_id])
    day(START + relativedelta(years=2))
    assert invoice.number in archivist.get(page).content.decode()
    actor = f"user:{archivist.session['_auth_user_id']}"
    assert readings() == [
        ("row", actor, {"model": "orders.Order", "keys": [str(invoice.order_id)]}),
        ("inline", actor, {"model": "invoices.Invoice", "keys": [str(invoice.pk)]}),
    ]


@pytest.mark.parametrize("asked", ["", "0", "yes"])
def test_only_one_value_asks_for_the_archive(
    archivist: Client, invoices: tuple[Invoice, Invoice], asked: str
) -> None:
    listed = archivist.get(reverse(LIST), {"rgpd_archive": asked}, follow=True).content.decode()
    assert invoices[1].number in listed
    assert invoices[0].number not in listed
    assert readings() == []


@pytest.mark.fault("S08")
def test_nothing_in_the_archive_goes_with_a_line_of_a_page(
    day: Day, invoices: tuple[Invoice, Invoice], monkeypatch: pytest.MonkeyPatch, rf: RequestFactory
) -> None:
    monkeypatch.setattr(Invoice._meta.get_field("order").remote_field, "on_delete", models.CASCADE)
    formset = SimpleNamespace(deleted_forms=[SimpleNamespace(instance=invoices[0].order)])
    with pytest.raises(PermissionDenied):
        OrderAdmin(Order, admin.site).save_formset(rf.post("/"), None, formset, True)
    assert Invoice.objects.count() == 2


@pytest.mark.fault("S09")
def test_an_archived_order_is_not_offered_where_one_is_chosen(day: Day, archivist: Client) -> None:
    order = GuestOrderFactory(placed_at=START)
    popup = {"_popup": "1", "_to_field": "id"}
    field = {"app_label": "payments", "model_name": "payment", "field_name": "order", "term": order.number}
    places = [
        (reverse("admin:orders_order_changelist"), popup),
        (reverse("admin:autocomplete"), field),
        (reverse("admin:autocomplete"), {**field, **ARCHIVE}),
    ]
    for place, query in places:
        assert order.number in archivist.get(place, query).content.decode()
    day(START + relativedelta(years=2))
    for place, query in places:
        answer = archivist.get(place, query)
        assert answer.status_code == 200
        assert order.number not in answer.content.decode()
    assert readings() == []


@pytest.mark.promise("P54")
def test_a_message_goes_into_the_archive_and_then_is_gone(
    day: Day, everyday: Client, archivist: Client
) -> None:
    message = ContactMessageFactory(user=None, name="Camille Lointaine", received_at=START)
    page = reverse("admin:contact_contactmessage_changelist")
    half = START + relativedelta(months=6)

    def seen_by(client: Client, **query: str) -> bool:
        return "Camille Lointaine" in client.get(page, query).content.decode()

    day(half - relativedelta(days=1))
    assert seen_by(everyday)
    day(half)
    assert not seen_by(everyday)
    assert seen_by(archivist, **ARCHIVE)
    day(START + relativedelta(years=1))
    assert not seen_by(archivist, **ARCHIVE)
    assert not ContactMessage.objects.filter(pk=message.pk).exists()


@pytest.mark.promise("P32")
def test_after_the_account_is_deleted_everyday_staff_see_nothing_of_it(
    day: Day, everyday: Client, archivist: Client, browser: Client, marie: User
) -> None:
    order = GuestOrderFactory(customer=marie, guest_email="", name="Marie Dupont-Quillemot", placed_at=START)
    invoice = make_invoice(order)
    PaymentFactory(order=order, created_at=START)
    assert invoice.number in everyday.get(reverse(LIST)).content.decode()
    prove(browser)
    browser.post("/privacy/delete/", values(browser, "/privacy/delete/", "Delete my account"))
    for name in ("invoices_invoice", "orders_order", "payments_payment"):
        said = everyday.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert "Quillemot" not in said, name
    assert invoice.number not in everyday.get(reverse(LIST)).content.decode()
    assert "Dupont-Quillemot" in archivist.get(reverse(LIST), ARCHIVE).content.decode()
    assert Payment.objects.get().stripe_customer == ""


def test_the_invoice_leaves_the_archive_at_its_end(day: Day, client: Client) -> None:
    (order,) = make_guest(placed_at=START)
    number = order.invoice.number
    end = datetime(START.year + 10, 12, 31, 12, tzinfo=UTC)
    for at, there in ((end - relativedelta(days=1), True), (end, False)):
        day(at)
        client.force_login(User.objects.create_superuser(f"boss-{there}@example.com", "x"))
        assert (number in client.get(reverse(LIST), ARCHIVE).content.decode()) is there
        assert number not in client.get(reverse(LIST)).content.decode()


def test_the_list_of_the_archive_costs_one_insert_more_than_any_list(
    archivist: Client, invoices: tuple[Invoice, Invoice]
) -> None:
    archivist.get(reverse(LIST))
    with CaptureQueriesContext(connection) as plain:
        archivist.get(reverse(LIST))
    with CaptureQueriesContext(connection) as asked:
        archivist.get(reverse(LIST), ARCHIVE)
    assert len(asked) <= len(plain) + 1
