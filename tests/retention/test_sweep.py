"""The sweep: what no purpose holds any more goes by itself, everything else stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import daily, deliver
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Later
from django_rgpd.registry import registry
from django_rgpd.retention import finding, ranges
from django_rgpd.retention.sweep import EVENT, sweep
from django_rgpd.retention.tasks import release_what_is_due
from django_rgpd.retention.whole import rows_due, whole
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    DAY,
    ContactMessageFactory,
    GuestOrderFactory,
    OrderFactory,
    PaymentFactory,
    ReviewFactory,
    make_customer,
    make_guest,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review

pytestmark = pytest.mark.django_db

PLACE = ("name", "street", "postcode", "city", "phone", "delivery_note", "guest_email")


def _place(order: Order) -> list[str]:
    order.refresh_from_db()
    return [getattr(order, name) for name in PLACE]


def test_sweep_releases_an_order_on_its_due_day_and_not_before() -> None:
    order = GuestOrderFactory(placed_at=DAY)
    before = _place(order)
    due = DAY + relativedelta(years=3)

    sweep(now=due - timedelta(days=1))
    assert _place(order) == before

    report = sweep(now=due)
    assert _place(order) == [""] * len(PLACE)
    assert report.done.changed["orders.Order"] == 1
    assert order.total, "the facts stay"


@pytest.mark.promise("P32")
@pytest.mark.promise("P57")
@pytest.mark.fault("Q07")
def test_sweep_deletes_an_invoice_and_its_file_ten_years_after_the_fiscal_year() -> None:
    [order] = make_guest(placed_at=DAY)
    invoice = Invoice.objects.get(order=order)
    path, issued = Path(invoice.pdf.path), invoice.issued_on
    end = datetime(issued.year + 10, 12, 31, 12, tzinfo=UTC)

    sweep(now=end - timedelta(days=1))
    deliver.run_due(now=end)
    assert Invoice.objects.filter(pk=invoice.pk, billing_name=invoice.billing_name).exists()
    assert path.exists()

    sweep(now=end)
    deliver.run_due(now=end + timedelta(minutes=1))
    assert not Invoice.objects.filter(pk=invoice.pk).exists()
    assert not path.exists()


def test_sweep_leaves_an_open_order_alone() -> None:
    order = OrderFactory(open=True, placed_at=DAY)
    before = _place(order)
    sweep(now=DAY + relativedelta(years=2))
    assert _place(order) == before


def test_sweep_run_twice_finds_nothing_the_second_time() -> None:
    ContactMessageFactory(user=None)
    now = DAY + relativedelta(years=1, days=1)
    assert sweep(now=now).rows == 1
    again = sweep(now=now)
    assert (again.rows, again.failed, again.complete) == (0, {}, True)
    assert Event.objects.filter(kind=EVENT).count() == 1
    assert not ContactMessage.objects.exists()


def test_sweep_as_a_dry_run_counts_and_changes_nothing() -> None:
    message = ContactMessageFactory(user=None)
    GuestOrderFactory(placed_at=DAY)
    now = DAY + relativedelta(years=3, days=1)
    report = sweep(now=now, dry_run=True)
    assert report.due == {"contact.ContactMessage": 1, "orders.Order": 1}
    assert ContactMessage.objects.get().text == message.text
    assert not Event.objects.filter(kind=EVENT).exists()


def test_sweep_cut_into_ranges_releases_every_row() -> None:
    orders = [GuestOrderFactory(placed_at=DAY, lines=0) for _ in range(7)]
    sweep(now=DAY + relativedelta(years=4), size=2)
    assert all(_place(order) == [""] * len(PLACE) for order in orders)


def test_sweep_without_time_stops_and_says_so() -> None:
    order = GuestOrderFactory(placed_at=DAY)
    before = _place(order)
    assert not sweep(now=DAY + relativedelta(years=4), max_seconds=0).complete
    call_command("rgpd_sweep", max_seconds=0, stdout=(said := StringIO()))
    assert "Time is up" in said.getvalue()
    assert "Nothing is due" not in said.getvalue()
    assert _place(order) == before


def test_sweep_of_one_model_leaves_the_others() -> None:
    order, message = GuestOrderFactory(placed_at=DAY), ContactMessageFactory(user=None)
    before = _place(order)
    sweep(now=DAY + relativedelta(years=4), only=["contact.contactmessage"])
    assert _place(order) == before
    assert not ContactMessage.objects.filter(pk=message.pk).exists()


def test_sweep_of_an_unknown_model_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="shop.Nothing"):
        sweep(now=DAY, only=["shop.Nothing"])


def test_sweep_statements_do_not_grow_with_rows() -> None:
    now = DAY + relativedelta(years=4)
    GuestOrderFactory(placed_at=DAY)
    with CaptureQueriesContext(connection) as one:
        sweep(now=now, full=True)
    for _ in range(20):
        GuestOrderFactory(placed_at=DAY)
    with CaptureQueriesContext(connection) as many:
        sweep(now=now, full=True)
    assert len(many) == len(one)


@pytest.mark.promise("P27")
def test_sweep_keeps_a_review_that_its_author_left_behind() -> None:
    review = ReviewFactory(author=None, public_name="")
    sweep(now=DAY + relativedelta(years=50))
    assert Review.objects.filter(pk=review.pk, text=review.text).exists()


def test_sweep_releases_a_review_without_a_consent() -> None:
    review = ReviewFactory()
    sweep(now=review.created_at)
    assert not Review.objects.filter(pk=review.pk).exists()


@pytest.mark.fault("K06")
def test_sweep_after_days_of_silence_catches_up() -> None:
    orders = [GuestOrderFactory(placed_at=DAY + timedelta(days=shift)) for shift in range(4)]
    sweep(now=DAY + relativedelta(years=3, days=3))
    assert all(_place(order) == [""] * len(PLACE) for order in orders)


def test_sweep_touches_nobody_whose_terms_still_run() -> None:
    make_customer(email="customer@example.com")
    for entry in registry:
        if entry.label not in {"shop_reviews.Review"}:
            due = rows_due(whole(entry, now=DAY + timedelta(days=30)))
            assert not due.exists() or entry.label.startswith("django_rgpd."), entry.label


def test_command_shows_and_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: DAY + relativedelta(years=1, days=1))
    ContactMessageFactory(user=None)
    out = StringIO()
    call_command("rgpd_sweep", dry_run=True, stdout=out)
    assert "contact.ContactMessage: 1 due" in out.getvalue()
    assert ContactMessage.objects.exists()
    out = StringIO()
    call_command("rgpd_sweep", stdout=out)
    assert "contact.ContactMessage: 0 released, 1 deleted" in out.getvalue()
    assert not ContactMessage.objects.exists()
    with pytest.raises(CommandError):
        call_command("rgpd_sweep", only=["nothing.Here"])


UNDONE = {
    "sqlite": """CREATE TRIGGER undone AFTER UPDATE ON orders_order WHEN NEW.name = '' BEGIN
        UPDATE orders_order SET name = 'back' WHERE id = NEW.id; END""",
    "postgresql": """
        CREATE FUNCTION undone() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.name := 'back'; RETURN NEW; END $$;
        CREATE TRIGGER undone BEFORE UPDATE ON orders_order FOR EACH ROW EXECUTE FUNCTION undone()""",
}


def test_sweep_says_what_a_trigger_undid() -> None:
    GuestOrderFactory(placed_at=DAY)
    with connection.cursor() as cursor:
        cursor.execute(UNDONE[connection.vendor])
    report = sweep(now=DAY + relativedelta(years=4))
    assert report.done.unproven == {"orders.Order": 1}


def test_model_waits_while_ranges_of_one_that_reads_it_are_not_done() -> None:
    """A payment finds its customer through the order: the order's own are cut last."""
    order = OrderFactory(placed_at=DAY)
    PaymentFactory.create_batch(3, order=order, created_at=DAY)
    now = DAY + relativedelta(years=20)

    report = sweep(now=now, share=True, size=2)
    assert report.cut == {"payments.Payment": 2}
    assert "orders.Order" in report.put_off
    order.refresh_from_db()
    assert order.customer is not None

    with pytest.raises(Later):
        release_what_is_due(now=now)
    deliver.run_due(now=now, names=frozenset({ranges.JOB}))
    assert sweep(now=now, share=True, size=2).put_off == []
    order.refresh_from_db()
    assert order.customer is None
    assert rows_due(whole(registry.labelled("payments.Payment"), now=now)).count() == 0  # type: ignore[arg-type]


def test_rows_that_are_written_one_by_one_are_released_in_shorter_ranges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody else waits until thousands of them are through."""
    ContactMessageFactory.create_batch(5, received_at=DAY)
    now = DAY + relativedelta(years=2)
    entry = registry.labelled("contact.ContactMessage")
    assert entry is not None
    monkeypatch.setattr(ranges, "WALKED", 2)
    whole_table = len(list(ranges.ranges(entry)))

    monkeypatch.setattr(entry.declaration, "row_by_row", True)

    assert (whole_table, len(list(ranges.ranges(entry)))) == (1, 3)
    assert sweep(now=now, share=True, only=[entry.label]).cut == {entry.label: 3}
    deliver.run_due(now=now, names=frozenset({ranges.JOB}))
    assert not ContactMessage.objects.exists()


def test_days_duty_ends_by_itself_whatever_waits_for_what() -> None:
    order = OrderFactory(placed_at=DAY)
    PaymentFactory.create_batch(3, order=order, created_at=DAY)
    now = DAY + relativedelta(years=20)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("django_rgpd.retention.tasks.SIZE", 2)
        daily.put_today(now=now)
        for minutes in (0, 11, 22):
            deliver.run_due(now=now + timedelta(minutes=minutes))
    assert (
        not Job.objects.filter(name__in=[ranges.JOB, "daily.retention.sweep"]).exclude(state="done").exists()
    )
    order.refresh_from_db()
    assert order.customer is None


def test_rows_are_counted_no_further_than_asked_for() -> None:
    for _number in range(3):
        GuestOrderFactory(placed_at=DAY)
    rows = {"all": Order.objects.all(), "none": Order.objects.none()}
    assert finding.counts(rows) == {"all": 3, "none": 0}
    assert finding.counts(rows, most=2) == {"all": 2, "none": 0}
