"""What orders hold of people: the buyer, and the recipient of a gift."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import CONTACT, CONTENT, ORDERS, days
from django_rgpd.registry import (
    Blank,
    Declaration,
    KeepFacts,
    Null,
    OpenBusiness,
    Personal,
    Sales,
    Who,
    register,
)
from example_shop.orders.models import OPEN, Order, OrderLine


@register(Order)
class OrderData(Declaration):
    """Your orders: they go with you; what the books need is on the invoice."""

    people = {
        "buyer": Who(user="customer", email="guest_email"),
        "recipient": Who(email="gift_email"),
    }
    clocks = {"orders": "placed_at"}
    contacts = ("placed_at",)
    open_business = OpenBusiness(Q(status__in=OPEN), until="expected_on", at_most=days(60))
    sales = Sales(paid_at="paid_at")
    currency = "currency"
    label = _("Your orders")
    source = _("the buyer, where you are the recipient of a gift")
    fields = {
        "customer": Personal("orders", erase=Null(), label=_("link to your account")),
        "guest_email": Personal("orders", erase=Blank(), category=CONTACT, label=_("email address")),
        "name": Personal("orders", erase=Blank()),
        "street": Personal("orders", erase=Blank(), category=CONTACT),
        "postcode": Personal("orders", erase=Blank(), category=CONTACT),
        "city": Personal("orders", erase=Blank(), category=CONTACT),
        "country": Personal("orders", erase=Blank(), category=CONTACT),
        "phone": Personal("orders", erase=Blank(), category=CONTACT),
        "delivery_note": Personal("orders", erase=Blank(), category=ORDERS),
        "gift_message": Personal("orders", erase=Blank(), category=CONTENT),
        "gift_email": Personal("orders", erase=Null(), of="recipient", category=CONTACT),
        "gift_name": Personal("orders", erase=Blank(), of="recipient"),
        "gift_street": Personal("orders", erase=Blank(), of="recipient", category=CONTACT),
        "gift_postcode": Personal("orders", erase=Blank(), of="recipient", category=CONTACT),
        "gift_city": Personal("orders", erase=Blank(), of="recipient", category=CONTACT),
    }
    facts = [
        "number",
        "status",
        "placed_at",
        "paid_at",
        "expected_on",
        "delivered_on",
        "closed_on",
        "terms_accepted_on",
        "total",
        "currency",
    ]
    internal = ["fraud_score"]
    at_end = KeepFacts()


@register(OrderLine)
class OrderLineData(Declaration):
    """What you ordered: exported with the order, and nobody's once the order is."""

    who = Who(user="order__customer", email="order__guest_email")
    facts = ["order", "name", "quantity", "unit_price"]
    internal = ["product"]
    at_end = KeepFacts()
    currency = "order__currency"
    label = _("What you ordered")
