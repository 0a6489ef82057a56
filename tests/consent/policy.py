"""The shop's policy with marketing of every kind that the rule knows."""

from dataclasses import replace

from django_rgpd.policy import (
    EMAIL,
    LAST_CONTACT,
    POST,
    SMS,
    UNTIL_WITHDRAWN,
    Consent,
    Customer,
    LegitimateInterest,
    Purpose,
    months,
    years,
)
from example_shop.config.policy import policy as shops

policy = replace(
    shops,
    purposes=[
        *shops.purposes,
        Purpose(
            "letters",
            "Letters",
            bases=[Consent(), LegitimateInterest()],
            channels={EMAIL, POST},
            clock=LAST_CONTACT,
            term=years(1),
        ),
        Purpose(
            "season",
            "The season's news",
            bases=[Consent(), LegitimateInterest(when=Customer(within=UNTIL_WITHDRAWN))],
            channels={EMAIL, SMS},
            term=months(6),
        ),
    ],
)
