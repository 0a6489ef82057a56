"""A small policy, so that the golden files do not change with the example shop's words."""

from datetime import date

from django_rgpd.policy import (
    ACCOUNT_CLOSED,
    FISCAL_YEAR_END,
    STANDARD_CLAUSES,
    UNTIL_WITHDRAWN,
    Consent,
    Contract,
    Controller,
    LegalObligation,
    Policy,
    Purpose,
    Recipient,
    months,
    years,
)

policy = Policy(
    version=date(2026, 1, 1),
    controller=Controller(name="Shop", address="1 rue A, Lyon", email="privacy@example.com"),
    notice_url="https://shop.example.com/privacy",
    purposes=[
        Purpose("account", "Account", bases=[Contract()], term=years(3), clock=ACCOUNT_CLOSED),
        Purpose("orders", "Orders", bases=[Contract()], term=months(18), description="To send them."),
        Purpose(
            "accounting",
            "Accounts",
            bases=[LegalObligation("Code de commerce, L123-22")],
            term=years(10),
            clock=FISCAL_YEAR_END,
        ),
        Purpose("reviews", "Reviews", bases=[Consent()], term=UNTIL_WITHDRAWN),
    ],
    recipients=[
        Recipient("carrier", "The carrier", purposes=["orders"], processor=False),
        Recipient(
            "stripe",
            "Stripe",
            purposes=["payments"],
            country="US",
            safeguard=STANDARD_CLAUSES,
            holds="cards",
        ),
    ],
)
