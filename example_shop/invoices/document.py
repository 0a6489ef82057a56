"""The PDF of an invoice: the same bytes for the same invoice, whenever it is drawn."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

if TYPE_CHECKING:
    from example_shop.invoices.models import Invoice

SELLER = ("Ribambelle SARL", "12 rue des Lampions, 69001 Lyon, France", "SIREN 000 000 000")


def draw(invoice: Invoice, lines: Sequence[tuple[str, int, Decimal]]) -> bytes:
    """The document of ``invoice`` with its ``lines`` (name, quantity, unit price).

    ``invariant`` leaves out the time and the random id that PDF files carry.
    """
    buffer = io.BytesIO()
    page = Canvas(buffer, pagesize=A4, invariant=1)
    page.setTitle(f"Facture {invoice.number}")
    page.setAuthor(SELLER[0])
    _head(page, invoice)
    _table(page, invoice, lines)
    page.showPage()
    page.save()
    return buffer.getvalue()


def _head(page: Canvas, invoice: Invoice) -> None:
    page.setFont("Helvetica-Bold", 20)
    page.drawString(20 * mm, 272 * mm, SELLER[0])
    page.setFont("Helvetica", 9)
    for row, text in enumerate(SELLER[1:]):
        page.drawString(20 * mm, (266 - 4.5 * row) * mm, text)
    page.setFont("Helvetica-Bold", 13)
    page.drawString(20 * mm, 245 * mm, f"Facture / Invoice {invoice.number}")
    page.setFont("Helvetica", 10)
    page.drawString(20 * mm, 238 * mm, f"Date : {invoice.issued_on.isoformat()}")
    accepted = invoice.terms_accepted_on.isoformat()
    page.drawString(20 * mm, 232 * mm, f"Conditions de vente acceptées le {accepted}")
    town = f"{invoice.billing_postcode} {invoice.billing_city} {invoice.billing_country}"
    for row, text in enumerate((invoice.billing_name, invoice.billing_street, town)):
        page.drawString(120 * mm, (245 - 6 * row) * mm, text)


def _table(page: Canvas, invoice: Invoice, lines: Sequence[tuple[str, int, Decimal]]) -> None:
    height = 205.0
    for name, quantity, price in lines:
        page.drawString(20 * mm, height * mm, f"{quantity} × {name}"[:80])
        page.drawRightString(190 * mm, height * mm, f"{price * quantity:.2f} {invoice.currency}")
        height -= 7
    page.line(20 * mm, (height + 3) * mm, 190 * mm, (height + 3) * mm)
    page.setFont("Helvetica-Bold", 11)
    page.drawString(20 * mm, (height - 4) * mm, "Total")
    page.drawRightString(190 * mm, (height - 4) * mm, f"{invoice.total:.2f} {invoice.currency}")
