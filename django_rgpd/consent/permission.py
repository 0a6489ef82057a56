"""Whether a message of a purpose may go to a person now: decided per person and per message, with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import copies, customers, kinds, state, suppress
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import clock
from django_rgpd.outbox import door
from django_rgpd.policy import (
    LAST_CONTACT,
    POST,
    Basis,
    Consent,
    LegitimateInterest,
    Purpose,
    Term,
    current,
)
from django_rgpd.registry.holds import restricted
from django_rgpd.registry.models import Address, Person

NOT_MARKETING = "not_marketing"
SHUT = "shut"
ERASED = "erased"
RESTRICTED = "restricted"
NO_ADDRESS = "no_address"
SUPPRESSED = "suppressed"
REFUSED = "refused"
TERM_OVER = "term_over"
NO_BASIS = "no_basis"
CONSENT = "consent"
CUSTOMER = "customer"
INTEREST = "interest"

WORDS: dict[str, Promise] = {
    NOT_MARKETING: _("The policy names no such marketing purpose on this channel."),
    SHUT: _("Nothing is sent now: an older dump was restored and not yet brought up to date."),
    ERASED: _("The person was erased."),
    RESTRICTED: _("The person had the use of her data restricted."),
    NO_ADDRESS: _("There is no proven address to write to."),
    SUPPRESSED: _("The address is on the list of those that are not written to."),
    REFUSED: _("The person withdrew or objected."),
    TERM_OVER: _("The last contact lies too far back."),
    NO_BASIS: _("There is neither a consent nor a recent purchase at which a way out was offered."),
    CONSENT: _("The person agreed."),
    CUSTOMER: _("The person bought recently, was offered a way out and did not take it."),
    INTEREST: _("The policy allows it, and the person did not object."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes or no; ``reason`` is a key of ``WORDS``, ``basis`` the name of the legal basis where yes; true
    where yes.
    """

    yes: bool
    reason: str
    basis: str = ""
    address: Address | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return self.yes

    @property
    def words(self) -> str:
        """The reason, in words for people."""
        return str(WORDS[self.reason])


def may_send(person: Person | UUID, purpose: str, channel: str, *, now: datetime) -> Answer:
    """Whether a message of ``purpose`` may go to ``person`` on ``channel`` at ``now``, why, and on which
    basis.

    Anything in doubt is a no (CPCE L34-5, GDPR art. 21.3).
    """
    found = marketing(purpose, channel)
    if found is None:
        return Answer(False, NOT_MARKETING)
    if door.shut():  # who objected since the dump is not known to have
        return Answer(False, SHUT)
    try:
        holder = state.holder(person)
    except Person.DoesNotExist:
        return Answer(False, ERASED)
    return _answer(holder, found, channel, now)


def marketing(purpose: str, channel: str) -> Purpose | None:
    """The marketing purpose of the policy that goes out on ``channel``, or None."""
    return next((one for one in current().marketing if one.key == purpose and channel in one.channels), None)


def _answer(holder: Person, purpose: Purpose, channel: str, now: datetime) -> Answer:
    if holder.erased_at is not None:
        return Answer(False, ERASED)
    if restricted(holder.uuid, purpose.key):
        return Answer(False, RESTRICTED)
    address = address_for(holder, channel)
    if address is None and channel != POST:
        return Answer(False, NO_ADDRESS)
    if address is not None and suppress.standing(
        address.kind, str(address.canonical), now=now, channel=channel, purpose=purpose.key
    ):
        return Answer(False, SUPPRESSED)
    row = state.standing(state.rows(holder), purpose.key, channel)
    if row is not None and row.standing in kinds.REFUSALS:
        return Answer(False, REFUSED)
    if over(purpose, holder, row, now):
        return Answer(False, TERM_OVER)
    for basis in purpose.bases:
        reason = carries(basis, channel, row, now, bought=partial(customers.bought_within, holder, now=now))
        if reason:
            return Answer(True, reason, basis.name, address)
    return Answer(False, NO_BASIS)


def address_for(holder: Person, channel: str) -> Address | None:
    """The current address that ``channel`` writes to: the email proven last; the phone given last; one that is reached."""
    return addresses_for([holder.pk], channel).get(holder.pk)


def addresses_for(holders: Collection[int], channel: str) -> dict[int, Address]:
    """The same of many (keys of people) who have one: one query."""
    if channel not in copies.KINDS:
        return {}
    having: dict[int, list[Address]] = {}
    for one in copies.current(holders):
        having.setdefault(one.person_id, []).append(one)
    chosen = {pk: copies.written_to(each, channel) for pk, each in having.items()}
    return {pk: one for pk, one in chosen.items() if one is not None}


def over(purpose: Purpose, holder: Person, row: ConsentState | None, now: datetime) -> bool:
    """Whether the term of ``purpose`` is over for this person: use stops that day, whatever is deleted
    when.
    """
    end = ends_on(purpose, holder, row)
    return end is not None and end <= clock.legal_day(now)


def ends_on(purpose: Purpose, holder: Person, row: ConsentState | None) -> date | None:
    """The first day on which the term of ``purpose`` is over for this person, if she is not in touch again; None where
    its term does not count from the last contact.
    """
    if purpose.clock is not LAST_CONTACT or purpose.term.endless:
        return None
    return purpose.term.due(clock.legal_day(last_heard(holder, row)))


def last_heard(holder: Person, row: ConsentState | None) -> datetime:
    """When this person was last in touch, or agreed."""
    contacts = [holder.last_contact, row.since if row is not None and row.live else None, holder.created_at]
    return max(one for one in contacts if one is not None)


def carries(
    basis: Basis,
    channel: str,
    row: ConsentState | None,
    now: datetime,
    *,
    bought: Callable[[Term], bool],
) -> str:
    """The reason why ``basis`` carries a message to the person of ``row``, or nothing; ``bought``: within which term she did."""
    if isinstance(basis, Consent):
        lasting = row is not None and row.live and (row.expires_at is None or row.expires_at > now)
        return CONSENT if lasting else ""
    if not isinstance(basis, LegitimateInterest) or not basis.marketing:
        return ""
    informed = row is not None and row.standing in {Standing.INFORMED, Standing.LIVE}
    if basis.when is not None:
        return CUSTOMER if informed and bought(basis.when.within) else ""
    # Without a purchase only letters may be sent before they were asked for (CPCE L34-5).
    return INTEREST if channel == POST else ""
