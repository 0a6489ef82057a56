"""S5, a wellness practice: eleven purposes, each with its own term."""

from django_rgpd.policy import (
    COLUMN,
    HEALTH,
    LAST_CONTACT,
    Consent,
    Contract,
    Customer,
    LegitimateInterest,
    Purpose,
    months,
    years,
)
from django_rgpd.registry import KeepFacts, Who
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.wishes.models import Wish
from tests.promises import policies as made

INTEREST = LegitimateInterest(marketing=False)

policy = made.promised(
    "Practice",
    made.account(months(12)),
    made.books(clock=COLUMN, reason="Ten years from the end of the contract, as published."),
    Purpose("logistics", "Logistics of an event", bases=[Contract()], term=years(1)),
    Purpose("quote", "Quotes", bases=[LegitimateInterest()], clock=LAST_CONTACT, term=years(3)),
    Purpose(
        "offers",
        "Offers",
        bases=[LegitimateInterest(when=Customer(within=years(3))), Consent()],
        clock=LAST_CONTACT,
        term=years(3),
    ),
    Purpose("health", "Health data", bases=[Consent()], term=years(2)),
    Purpose("survey", "Surveys", bases=[INTEREST], term=years(3)),
    Purpose("testimonial", "Testimonials", bases=[Consent()], term=years(10)),
    Purpose("chat", "Chats", bases=[INTEREST], term=years(3)),
    Purpose("membership", "Groups", bases=[Contract()], term=years(1)),
    Purpose("log", "Logs", bases=[INTEREST], term=months(1)),
)

declarations = {
    User: made.accounts(),
    # The day of the event lies ahead when the order is made.
    Order: made.orders("logistics", clock="expected_on"),
    Invoice: made.invoices(clock="order__closed_on"),
    Wish: made.declared(
        "Health",
        who=Who(user="user"),
        clocks={"health": "created_at"},
        fields={"note": made.Personal("health", erase=made.Blank(), category=HEALTH)},
        facts=["product", "created_at"],
        internal=["user"],
    ),
    ContactMessage: made.papers(
        {
            "quote": "",
            "survey": "received_at",
            "testimonial": "received_at",
            "chat": "received_at",
            "membership": "answered_at",
            "log": "received_at",
        },
        at_end=KeepFacts(),
    ),
}
