"""S2, a party-supplies shop."""

from django.db.models import Q

from django_rgpd.policy import (
    LAST_CONTACT,
    Consent,
    Contract,
    LegitimateInterest,
    Purpose,
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
    "Parties",
    made.account(years(3)),
    made.books(),
    Purpose("orders", "Orders", bases=[Contract()], term=years(3)),
    Purpose("card", "Card payments", bases=[Contract()], term=months(13)),
    Purpose("card_deferred", "Cards with deferred debit", bases=[Contract()], term=months(15)),
    Purpose("prospect", "Prospects", bases=[LegitimateInterest()], clock=LAST_CONTACT, term=years(3)),
    Purpose("tracker", "Trackers", bases=[Consent()], term=months(13)),
)

declarations = {
    User: made.accounts(),
    Order: made.orders("orders"),
    Invoice: made.invoices(),
    Payment: made.payments(
        {
            "card": (~Q(status="pending"), "created_at"),
            "card_deferred": (Q(status="pending"), "created_at"),
        }
    ),
    ContactMessage: made.papers({"prospect": "", "tracker": "received_at"}),
}
