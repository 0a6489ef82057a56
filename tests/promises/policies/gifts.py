"""S1, a gift shop."""

from django.db.models import Q

from django_rgpd.policy import (
    Consent,
    Contract,
    LegalClaims,
    LegitimateInterest,
    Purpose,
    days,
    months,
    years,
)
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.promises import policies as made

policy = made.promised(
    "Gifts",
    made.account(years(3)),
    made.books(),
    Purpose("orders", "Orders", bases=[Contract()], term=years(5), active=years(2)),
    Purpose("transaction", "Payments", bases=[Contract()], term=days(14)),
    Purpose("incident", "Unpaid orders", bases=[LegalClaims()], term=years(5)),
    Purpose(
        "message",
        "Messages",
        bases=[LegitimateInterest(marketing=False)],
        term=years(1),
        active=months(3),
    ),
    Purpose("audience", "Audience", bases=[Consent()], term=months(25)),
    Purpose("address", "IP addresses", bases=[LegitimateInterest(marketing=False)], term=months(12)),
    Purpose("log", "Logs", bases=[LegitimateInterest(marketing=False)], term=months(1)),
)

declarations = {
    User: made.accounts(),
    Order: made.orders("orders"),
    Invoice: made.invoices(),
    # An incident counts from the day on which it is settled: until then its clock has not started.
    Payment: made.payments(
        {
            "transaction": (~Q(status="failed"), "created_at"),
            "incident": (Q(status="failed"), "order__closed_on"),
        }
    ),
    # "The time to handle it, then archive": counted from the answer.
    ContactMessage: made.papers(
        {"message": "answered_at", "audience": "received_at", "address": "received_at", "log": "received_at"}
    ),
}
