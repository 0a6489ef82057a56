"""What the shop promises its customers; the notice, the register and every term are this, rendered."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import (
    EMAIL,
    FISCAL_YEAR_END,
    LAST_CONTACT,
    POST,
    SMS,
    STANDARD_CLAUSES,
    UNTIL_WITHDRAWN,
    Consent,
    Contract,
    Controller,
    Customer,
    LegalObligation,
    LegitimateInterest,
    Policy,
    Purpose,
    Recipient,
    days,
    months,
    years,
)

policy = Policy(
    version=date(2026, 11, 1),
    controller=Controller(
        name="Ribambelle SARL",
        address="12 rue des Lampions, 69001 Lyon, France",
        email="privacy@example.com",
        dpo="dpo@example.com",
    ),
    answer_within=days(15),
    purposes=[
        Purpose(
            "account",
            _("Your account"),
            bases=[Contract()],
            clock=LAST_CONTACT,
            term=years(3),
            description=_("Logging in, your addresses, basket and wish list."),
            reason="Families come back for the next birthday but one: three years, as the offers.",
        ),
        Purpose(
            "baskets",
            _("Your basket"),
            bases=[Contract()],
            term=months(3),
            description=_("What you put aside, so that you find it again."),
        ),
        Purpose(
            "orders",
            _("Orders, deliveries and returns"),
            bases=[Contract()],
            term=years(3),
            active=years(2),
            description=_("Sending what you bought, and answering for it afterwards."),
        ),
        Purpose(
            "payments",
            _("Payments"),
            bases=[Contract()],
            term=months(15),
            active=months(13),
            description=_(
                "Taking payments and settling incidents; our payment provider alone has your card."
            ),
        ),
        Purpose(
            "accounting",
            _("Invoices and accounts"),
            bases=[LegalObligation("Code de commerce, L123-22")],
            clock=FISCAL_YEAR_END,
            term=years(10),
            active=years(1),
            description=_("The law has us keep invoices, with the name and address that stand on them."),
        ),
        Purpose(
            "newsletter",
            _("Newsletter"),
            bases=[Consent()],
            channels={EMAIL},
            term=UNTIL_WITHDRAWN,
            description=_("Ideas for parties and presents, once a month."),
        ),
        Purpose(
            "offers",
            _("Offers for similar products"),
            bases=[LegitimateInterest(when=Customer(within=years(3))), Consent()],
            channels={EMAIL, SMS, POST},
            clock=LAST_CONTACT,
            term=years(3),
            description=_("Now and then, something that goes with what you bought."),
        ),
        Purpose(
            "surveys",
            _("Surveys"),
            bases=[Consent()],
            channels={EMAIL},
            term=months(13),
            description=_("Twice a year, some questions about the shop; answering takes three minutes."),
        ),
        Purpose(
            "partners",
            _("Competitions of our partners"),
            bases=[Consent()],
            term=years(1),
            description=_(
                "Passing your name and address on to the maker who gives the prize, for this and nothing else."
            ),
        ),
        Purpose(
            "openings",
            _("Seeing whether you open our mails"),
            bases=[Consent()],
            term=UNTIL_WITHDRAWN,
            description=_("Tells us which letters are worth writing. You get them without it, too."),
        ),
        Purpose(
            "reviews",
            _("Reviews of products"),
            bases=[Consent()],
            term=UNTIL_WITHDRAWN,
            description=_("Published under your first name and the first letter of your last name."),
        ),
        Purpose(
            "messages",
            _("Answering your messages"),
            bases=[LegitimateInterest(marketing=False)],
            term=years(1),
            active=months(6),
            description=_("What you write to us through the contact form."),
        ),
        Purpose(
            "log",
            _("Keeping track of what our staff change"),
            bases=[LegitimateInterest(marketing=False)],
            term=months(12),
            description=_("Who of us changed what in your account, so that mistakes can be found."),
        ),
    ],
    recipients=[
        Recipient(
            "stripe",
            _("Stripe (payments)"),
            purposes=["payments"],
            country="US",
            safeguard=STANDARD_CLAUSES,
            holds=_("card data, which the shop never sees"),
        ),
        Recipient(
            "mailchimp",
            _("Mailchimp (newsletter)"),
            purposes=["newsletter"],
            country="US",
            safeguard=STANDARD_CLAUSES,
            holds=_("your address, and since when you have agreed"),
        ),
        Recipient("carrier", _("La Poste (deliveries)"), purposes=["orders"], processor=False),
        Recipient("accountant", _("Our accountant"), purposes=["accounting"]),
        Recipient(
            "partners",
            _("Makers who give the prizes of competitions"),
            purposes=["partners"],
            processor=False,
        ),
        Recipient("host", _("Our host"), purposes=["account", "orders", "reviews", "messages"]),
    ],
)
