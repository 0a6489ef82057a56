"""What the measured shop promises."""

from datetime import date

from django_rgpd.policy import (
    EMAIL,
    UNTIL_WITHDRAWN,
    Consent,
    Contract,
    Controller,
    LegalObligation,
    Policy,
    Purpose,
    years,
)

policy = Policy(
    version=date(2026, 1, 1),
    controller=Controller(name="Benchmarks"),
    purposes=[
        Purpose("account", "Account", bases=[Contract()], term=years(30)),
        Purpose("orders", "Orders", bases=[Contract()], term=years(3)),
        Purpose("accounting", "Books", bases=[LegalObligation("Code de commerce, L123-22")], term=years(10)),
        Purpose("club", "Club", bases=[Consent()], term=UNTIL_WITHDRAWN),
        Purpose("newsletter", "Newsletter", bases=[Consent()], channels={EMAIL}, term=UNTIL_WITHDRAWN),
    ],
)
