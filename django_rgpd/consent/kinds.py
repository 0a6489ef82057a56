"""The kinds of event that consents are made of."""

from __future__ import annotations

from django_rgpd.consent.models import Standing

ASKED = "consent.asked"
"""Someone typed the address and ticked the box; written when the address confirms, so that proof holds both
moments.
"""
GIVEN = "consent.given"
CONFIRMED = "consent.confirmed"
RENEWED = "consent.renewed"
IMPORTED = "consent.imported"
WITHDRAWN = "consent.withdrawn"
OBJECTED = "consent.objected"
INFORMED = "consent.informed"
"""The soft opt-in's condition: the person was offered a way out when the address was collected (CPCE
L34-5).
"""
EXPIRED = "consent.expired"
ASKED_AGAIN = "consent.asked_again"
"""An end comes near, and a mail was written down that asks whether to go on: once for each stretch without a word from her."""
WORDING = "consent.wording"
"""The text beside a box, in whole, when it is written or first agreed to; nobody's."""
UNDONE = "consent.undone"
"""Takes back one earlier event, named in its payload."""

STANDINGS: dict[str, Standing] = {
    GIVEN: Standing.LIVE,
    CONFIRMED: Standing.LIVE,
    RENEWED: Standing.LIVE,
    IMPORTED: Standing.LIVE,
    WITHDRAWN: Standing.WITHDRAWN,
    OBJECTED: Standing.OBJECTED,
    INFORMED: Standing.INFORMED,
    EXPIRED: Standing.EXPIRED,
}
OWN_CHOICE = frozenset({GIVEN, CONFIRMED})
"""Only a fresh choice of the person herself takes a refusal back; no import and no renewal does."""
REFUSALS = frozenset({Standing.WITHDRAWN, Standing.OBJECTED})
REFUSING = frozenset({WITHDRAWN, OBJECTED})
"""The kinds that make a refusal, with the digests of the addresses that it is about."""
READ = (*STANDINGS, UNDONE)
"""Every kind that a state follows from."""
