"""What the odd shop promises."""

from datetime import date

from django_rgpd.policy import Contract, Controller, LegalObligation, Policy, Purpose, years

policy = Policy(
    version=date(2026, 1, 1),
    controller=Controller(name="Odd"),
    purposes=[
        Purpose("account", "Account", bases=[Contract()], term=years(3)),
        Purpose("law", "Books", bases=[LegalObligation("a law")], term=years(10)),
    ],
)
