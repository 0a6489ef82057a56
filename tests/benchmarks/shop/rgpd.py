"""What the measured shop holds of people."""

from django_rgpd.registry import Blank, Declaration, KeepFacts, Null, Personal, Who, presets, register
from tests.benchmarks.shop import models

presets.declare(purpose="account")


@register(models.Order)
class OrderData(Declaration):
    """Orders."""

    who = Who(user="customer")
    clocks = {"orders": "placed_at"}
    fields = {
        "customer": Personal("orders", erase=Null()),
        **{
            name: Personal("orders", erase=Blank())
            for name in ("name", "company", "street", "city", "phone", "email", "note")
        },
    }
    facts = ["number", "placed_at", "total", "status"]
    at_end = KeepFacts()


class OfAnOrder(Declaration):
    """What belongs to an order."""

    who = Who(user="order__customer")
    clocks = {"orders": "order__placed_at"}
    facts = ["order"]
    at_end = KeepFacts()


@register(models.Line)
class LineData(OfAnOrder):
    """Things ordered."""

    fields = {"engraving": Personal("orders", erase=Blank())}
    facts = ["order", "product"]


@register(models.Parcel)
class ParcelData(OfAnOrder):
    """Parcels."""

    fields = {"left_with": Personal("orders", erase=Blank())}


@register(models.Payment)
class PaymentData(OfAnOrder):
    """Payments."""

    fields = {"holder": Personal("orders", erase=Blank())}


@register(models.Invoice)
class InvoiceData(OfAnOrder):
    """Invoices, which the law keeps."""

    clocks = {"accounting": "issued_at"}
    fields = {"billed_to": Personal("accounting", erase=Blank())}
    facts = ["order", "issued_at"]


@register(*models.SMALL)
class SmallData(Declaration):
    """A few rows a customer, which go with the account."""

    who = Who(user="user")
    clocks = {"account": "created_at"}
    fields = {"said": Personal("account", erase=Blank())}
    facts = ["created_at"]
    internal = ["user"]
