"""A policy with one purpose for each line of the rule's table."""

from datetime import date

from django_rgpd.policy import (
    ACCOUNT_CLOSED,
    FISCAL_YEAR_END,
    LAST_CONTACT,
    LAST_SALE,
    UNTIL_WITHDRAWN,
    Consent,
    Contract,
    Controller,
    Customer,
    LegalClaims,
    LegalObligation,
    LegitimateInterest,
    Policy,
    Purpose,
    months,
    years,
)

policy = Policy(
    version=date(2026, 1, 1),
    controller=Controller(name="A shop", email="privacy@example.com"),
    purposes=[
        Purpose("obligation", "Books", bases=[LegalObligation("L123-22")], term=years(1)),
        Purpose("claims", "Claims", bases=[LegalClaims()], term=years(1)),
        Purpose("contract", "Orders", bases=[Contract()], term=years(1)),
        Purpose("consent", "Reviews", bases=[Consent()], term=years(1)),
        Purpose("endless", "Newsletter", bases=[Consent()], term=UNTIL_WITHDRAWN),
        Purpose("marketing", "Offers", bases=[LegitimateInterest()], term=years(1)),
        Purpose("interest", "Messages", bases=[LegitimateInterest(marketing=False)], term=years(1)),
        Purpose(
            "surviving",
            "Fraud",
            bases=[LegitimateInterest(marketing=False, survives_erasure="We remember who did not pay.")],
            term=years(1),
        ),
        Purpose(
            "fiscal", "Accounts", bases=[LegalObligation("L123-22")], term=years(1), clock=FISCAL_YEAR_END
        ),
        Purpose("account", "Account", bases=[Contract()], term=years(1), clock=LAST_CONTACT),
        Purpose("customer", "Loyalty", bases=[Contract()], term=years(1), clock=LAST_SALE),
        Purpose("closed", "Closed", bases=[LegalClaims()], term=years(1), clock=ACCOUNT_CLOSED),
        Purpose(
            "offers",
            "Offers to customers",
            bases=[LegitimateInterest(when=Customer(within=months(6))), Consent()],
            term=UNTIL_WITHDRAWN,
        ),
    ],
)
