"""Issuing invoices: the next numbers under a lock, the name and address of the day, the document once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import partial

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from example_shop.invoices.document import draw
from example_shop.invoices.models import Invoice, InvoiceCounter, private_storage
from example_shop.orders.models import Order, OrderLine


def issue(order: Order, *, on: date) -> Invoice:
    """The invoice of ``order``, issued on ``on`` with its PDF; the one that exists where there is one.

    The counter's row stays locked until the transaction ends: a failure takes its number back, and two
    invoices issued at once wait for each other (CGI, annexe II, art. 242 nonies A: an unbroken sequence).
    """
    with transaction.atomic():
        first = _take(on.year, 1)
        existing = Invoice.objects.filter(order=order).first()
        if existing is not None:
            InvoiceCounter.objects.filter(year=on.year).update(last=first - 1)
            return existing
        invoice = _copy(order, number=number(on.year, first), on=on)
        lines = list(order.lines.order_by("pk").values_list("name", "quantity", "unit_price"))
        document = draw(invoice, lines)
        storage = private_storage()
        invoice.pdf.name = storage.save(f"{on.year}/{invoice.number}.pdf", ContentFile(document))
        try:
            invoice.save(force_insert=True)
        except BaseException:
            storage.delete(invoice.pdf.name)
            raise
        return invoice


def issue_many(orders: Sequence[Order], *, with_documents: bool = False) -> list[Invoice]:
    """Invoices of many orders that have none, each issued on the day of its order, in the order given.

    Without documents unless asked: drawing one takes about a millisecond, which counts at 20 000.
    """
    days = [timezone.localdate(order.placed_at) for order in orders]
    with transaction.atomic():
        years = Counter(day.year for day in days)
        free = {year: itertools.count(_take(year, wanted)) for year, wanted in years.items()}
        invoices = [
            _copy(order, number=number(on.year, next(free[on.year])), on=on)
            for order, on in zip(orders, days, strict=True)
        ]
        if with_documents:
            save = partial(_keep_document, by_order=_lines(orders))
            for invoice in invoices:
                save(invoice)
        return Invoice.objects.bulk_create(invoices, batch_size=500)


def number(year: int, sequence: int) -> str:
    """How an invoice's number is written."""
    return f"{year}-{sequence:06d}"


def _take(year: int, count: int) -> int:
    """Take ``count`` numbers of ``year``, and say the first; locks the counter."""
    InvoiceCounter.objects.get_or_create(year=year)
    counter = InvoiceCounter.objects.select_for_update().get(year=year)
    first = counter.last + 1
    counter.last += count
    counter.save(update_fields=["last"])
    return first


def _copy(order: Order, *, number: str, on: date) -> Invoice:
    return Invoice(
        number=number,
        order=order,
        billing_name=order.name,
        billing_street=order.street,
        billing_postcode=order.postcode,
        billing_city=order.city,
        billing_country=order.country,
        issued_on=on,
        total=order.total,
        currency=order.currency,
        terms_accepted_on=order.terms_accepted_on,
    )


def _lines(orders: Sequence[Order]) -> dict[int, list[tuple[str, int, object]]]:
    found: dict[int, list[tuple[str, int, object]]] = {order.pk: [] for order in orders}
    rows = OrderLine.objects.filter(order__in=found).order_by("pk")
    for order_id, *line in rows.values_list("order_id", "name", "quantity", "unit_price"):
        found[order_id].append(tuple(line))
    return found


def _keep_document(invoice: Invoice, *, by_order: dict[int, list[tuple[str, int, object]]]) -> None:
    document = draw(invoice, by_order[invoice.order_id])  # type: ignore[arg-type]
    name = f"{invoice.issued_on.year}/{invoice.number}.pdf"
    invoice.pdf.name = private_storage().save(name, ContentFile(document))
