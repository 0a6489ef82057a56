"""Short-lived links and codes of the customer's page: made, tried, used once; only their hashes are kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from django_rgpd.core import keys, links
from django_rgpd.registry.models import Address, Challenge

OPENS = "centre"
"""A link that opens the page for a proven address."""
ADDS = "address"
"""A link that proves one more address of somebody who is on the page already."""
CODE = "code"
"""A code of six digits that proves again who is there."""

LINK_LIFE = timedelta(hours=1)
CODE_LIFE = timedelta(minutes=10)
TRIES = 5
"""Wrong codes after which a code is worth nothing."""


def link(about: str, *, person: UUID, address: Address, now: datetime) -> str:
    """The random token of a fresh link ``about`` ``address``, which works once within ``LINK_LIFE``."""
    token, hashed = links.fresh()
    Challenge.objects.create(
        about=about,
        person=person,
        address=address,
        hashed=hashed,
        created_at=now,
        expires_at=now + LINK_LIFE,
    )
    return token


def standing(about: str, token: str, *, now: datetime) -> Challenge | None:
    """The challenge of a link that would work now; None for every other text, whatever is wrong with it."""
    return (
        Challenge.objects.select_related("address__person")
        .filter(about=about, hashed=links.hashed(token), used_at__isnull=True, expires_at__gt=now)
        .filter(address__canonical__isnull=False)
        .first()
    )


def use(challenge: Challenge, *, now: datetime) -> bool:
    """Use a challenge up; False where somebody else was faster."""
    standing = Challenge.objects.filter(pk=challenge.pk, used_at__isnull=True, expires_at__gt=now)
    return bool(standing.update(used_at=now))


def await_code(person: UUID, *, now: datetime) -> UUID:
    """A place for a code that the mail will make when it leaves; every earlier code of the person ends."""
    earlier = Challenge.objects.filter(about=CODE, person=person, used_at__isnull=True)
    earlier.update(used_at=now)
    made = Challenge.objects.create(
        about=CODE,
        person=person,
        hashed=links.fresh()[1],  # of a token that nobody knows: no code fits before the mail leaves
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    return made.uuid


def code(uuid: UUID, *, now: datetime) -> str | None:
    """The code to mail for this place, six digits; None where it is used or over.

    A mail that is tried again gets a new code, and the one before it ends.
    """
    digits = f"{secrets.randbelow(10**6):06}"
    waiting = Challenge.objects.filter(uuid=uuid, about=CODE, used_at__isnull=True, expires_at__gt=now)
    return digits if waiting.update(hashed=_hashed(uuid, digits)) else None


def try_code(uuid: UUID, person: UUID, digits: str, *, now: datetime) -> bool:
    """Whether ``digits`` are the code of this place. Each try is counted before it is looked at."""
    place = Challenge.objects.filter(
        uuid=uuid, about=CODE, person=person, used_at__isnull=True, expires_at__gt=now, attempts__lt=TRIES
    )
    if not place.update(attempts=F("attempts") + 1):
        return False
    challenge = Challenge.objects.get(uuid=uuid)
    return keys.same(challenge.hashed, _hashed(uuid, digits)) and use(challenge, now=now)


def _hashed(uuid: UUID, digits: str) -> str:
    return keys.digest_ring().digest("code", f"{uuid}:{digits}".encode(errors="surrogatepass")).hex
