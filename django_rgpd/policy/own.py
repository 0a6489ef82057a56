"""The library's own purposes: it declares its tables as a shop does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from django_rgpd.policy.bases import Consent, Contract, LegalObligation, LegitimateInterest
from django_rgpd.policy.purposes import EMAIL, Purpose
from django_rgpd.policy.terms import UNTIL_WITHDRAWN, days, months, shortest, years

IDENTITY = "rgpd_identity"
CHOICES = "rgpd_choices"
PROOF = "rgpd_proof"
SECURITY = "rgpd_security"
CLICKS = "rgpd_clicks"
OPENINGS = "rgpd_openings"
MAILINGS = "rgpd_mailings"

_OWN = (
    Purpose(
        IDENTITY,
        _("Knowing which data is yours"),
        bases=[Contract()],
        term=UNTIL_WITHDRAWN,
        description=_(
            "Ties your proven addresses to your account, so that your requests reach all your data."
        ),
    ),
    Purpose(
        CHOICES,
        _("Keeping to your choices"),
        bases=[LegalObligation(gettext_noop("GDPR art. 7.1 and 21.3"))],
        term=years(3),
        description=_("Remembers what you agreed to and what you refused, so that we keep to it."),
    ),
    Purpose(
        PROOF,
        _("Proving what was asked and done"),
        bases=[LegalObligation(gettext_noop("GDPR art. 5.2"))],
        term=years(5),
        description=_("Proof of consents, objections and erasures, without your name or address."),
    ),
    Purpose(
        SECURITY,
        _("Keeping your account safe"),
        bases=[Contract()],
        term=days(7),
        description=_("Short-lived codes, links and your list of signed-in devices."),
    ),
    Purpose(
        CLICKS,
        _("Knowing which of our mailings are read: clicks"),
        bases=[LegitimateInterest()],
        term=months(12),
        description=_(
            "That you followed a link of a mailing, and when; never which link. Gone at once if you object."
        ),
    ),
    Purpose(
        OPENINGS,
        _("Knowing which of our mailings are read: openings"),
        bases=[Consent()],
        term=months(12),
        description=_("That a mailing was opened, and when; only while you agree to that."),
    ),
    Purpose(
        MAILINGS,
        _("Knowing which mailings you got"),
        bases=[LegitimateInterest(marketing=False)],
        term=years(1),
        description=_("So that you get none twice, and can be told what was sent to you and why."),
    ),
)


def beside(purposes: Iterable[Purpose]) -> tuple[Purpose, ...]:
    """The library's own purposes beside a shop's.

    What readers do with mailings serves the marketing by email, so it is kept no longer than the shortest of its terms.
    """
    mailed = [one.term for one in purposes if EMAIL in one.channels]
    return tuple(
        replace(one, term=shortest([one.term, *mailed])) if one.key in {CLICKS, OPENINGS} else one
        for one in _OWN
    )


SUPPRESSION_TERM = months(36)
"""How long, at the least, an objection is remembered by a digest after an erasure."""
