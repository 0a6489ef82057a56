"""What a mail provider, or the shop's own mailbox, reports of an address: effective at once, and once however often it is told.

A report of an address that nobody has, or of an erased person, changes nothing. None of them ever grants anything.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.text import slugify
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import decisions
from django_rgpd.marketing import addressee
from django_rgpd.policy import EMAIL, current
from django_rgpd.registry import unreachable

_LONGEST = 32
"""Characters of an event's ``how``."""


@sensitive_variables()
def complained(email: str, *, source: str, now: datetime, at: datetime | None = None) -> bool:
    """The holder of ``email`` called a mail spam: she objects to all marketing by email (GDPR art. 21.2, 21.3).

    All of it, although the mail was of one purpose: who presses that button means the sender, and is not asked which of its
    lists she had in mind. ``source``: who tells it ("postmark"). ``at``: when she did it; ``now`` where nobody knows, or where
    it is said to be yet to come. What she agreed to after ``at`` stands.

    Returns whether somebody has the address. Raises ``BadAddress`` for a text that is none.
    """
    with transaction.atomic():
        found = addressee.locked(email)
        if found is None:
            return False
        decisions.object_to(found.person, "", EMAIL, how=_how(source), now=now, at=_past(at, now))
        return True


@sensitive_variables()
def unsubscribed(
    email: str, *, source: str, now: datetime, at: datetime | None = None, purpose: str = ""
) -> bool:
    """The holder of ``email`` left at the provider: ``purpose`` ends for her, or all marketing by email where it is not known.

    The rest as in ``complained``.
    """
    with transaction.atomic():
        found = addressee.locked(email)
        if found is None:
            return False
        how, when = _how(source), _past(at, now)
        if _by_email(purpose):
            decisions.leave(found.person, purpose, EMAIL, how=how, now=now, at=when)
        else:
            decisions.object_to(found.person, "", EMAIL, how=how, now=now, at=when)
        return True


@sensitive_variables()
def bounced(email: str, *, now: datetime, at: datetime | None = None) -> bool:
    """Nothing arrives at ``email`` any more: a hard bounce (art. 5.1 d). No mail goes there until its holder proves it anew.

    A full mailbox is none. What she agreed to stands. ``at`` as in ``complained``: of before the address was proven, it is old
    news. Returns whether the address is stopped. Raises ``BadAddress``.
    """
    with transaction.atomic():
        found = addressee.locked(email)
        if found is None or found.address.canonical is None:
            return False
        stopped = unreachable.stop(found.address.kind, found.address.canonical, at=_past(at, now), now=now)
        return stopped is not None


def _by_email(purpose: str) -> bool:
    return any(one.key == purpose and EMAIL in one.channels for one in current().marketing)


def _how(source: str) -> str:
    return f"processor:{slugify(source)}"[:_LONGEST]


def _past(at: datetime | None, now: datetime) -> datetime:
    return now if at is None else min(at, now)
