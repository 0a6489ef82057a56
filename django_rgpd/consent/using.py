"""Whether data may be used now for a purpose that sends nothing: a partner, a survey, what a page picks for its reader."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django_rgpd.consent import customers, kinds, permission, state
from django_rgpd.consent.permission import Answer
from django_rgpd.policy import Consent, LegitimateInterest, Purpose, current
from django_rgpd.registry.holds import restricted
from django_rgpd.registry.models import Person


def may_use(person: Person | UUID, purpose: str, *, now: datetime) -> Answer:
    """Whether ``purpose``, which has no channel, may use this person's data at ``now``, why, and on which basis.

    On consent only while one stands (art. 7.3); on an interest in marketing or profiling until she objects (art. 21.2).
    Ask it where the data is used or shown; anything in doubt is a no. Raises ``ValueError`` for a purpose with channels,
    for which ``permission.may_send`` decides, and for one that rests on neither.
    """
    found = next((one for one in current().purposes if one.key == purpose), None)
    if found is None or not chosen(found) or found.marketing:
        msg = f"The policy names no purpose {purpose!r} without channels that people choose about."
        raise ValueError(msg)
    try:
        holder = state.holder(person)
    except Person.DoesNotExist:
        return Answer(False, permission.ERASED)
    return _answer(holder, found, now)


def chosen(purpose: Purpose) -> bool:
    """Whether people say yes or no to ``purpose`` themselves: it rests on consent, or falls at once when they object."""
    return purpose.on_consent or purpose.objectionable


def _answer(holder: Person, purpose: Purpose, now: datetime) -> Answer:
    if holder.erased_at is not None:
        return Answer(False, permission.ERASED)
    if restricted(holder.uuid, purpose.key):
        return Answer(False, permission.RESTRICTED)
    row = state.standing(state.rows(holder), purpose.key, "")
    if row is not None and row.standing in kinds.REFUSALS:
        return Answer(False, permission.REFUSED)
    if permission.over(purpose, holder, row, now):
        return Answer(False, permission.TERM_OVER)
    agreed = row is not None and row.live and (row.expires_at is None or row.expires_at > now)
    for basis in purpose.bases:
        if isinstance(basis, Consent) and agreed:
            return Answer(True, permission.CONSENT, basis.name)
        if isinstance(basis, LegitimateInterest) and basis.marketing:
            if basis.when is None:
                return Answer(True, permission.INTEREST, basis.name)
            if customers.bought_within(holder, basis.when.within, now=now):
                return Answer(True, permission.CUSTOMER, basis.name)
    return Answer(False, permission.NO_BASIS)
