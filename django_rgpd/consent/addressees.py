"""Whether a message of a purpose may go to each of many email addresses: the same answers as of ``permission.may_send``, asked at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from uuid import UUID

from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import customers, kinds, permission, suppress
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.consent.permission import Answer
from django_rgpd.consent.state import Key, rows_of
from django_rgpd.consent.state import standing as standing_row
from django_rgpd.core import conf
from django_rgpd.outbox import door
from django_rgpd.policy import EMAIL, LegitimateInterest, Purpose, Term, current
from django_rgpd.registry import people
from django_rgpd.registry.addresses import writable
from django_rgpd.registry.holds import restricted_people
from django_rgpd.registry.models import Address, Kind, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whether the message may go to an address, and whose it is; ``states`` are her consents, by purpose and channel."""

    answer: Answer
    person: Person | None = None
    states: Mapping[Key, ConsentState] = field(default_factory=dict, repr=False)


@sensitive_variables()
def ask(emails: Collection[str], purpose: str, *, now: datetime) -> dict[str, Addressee]:
    """Whether a mail of ``purpose`` may go at ``now`` to each of ``emails``, which are canonical, and why.

    Only a current address that its holder has proven counts. The number of queries does not depend on that of the addresses;
    pass a few hundred at once. Anything in doubt is a no (CPCE L34-5, GDPR art. 21.3).
    """
    found = next((one for one in current().marketing if one.key == purpose), None)
    if found is None or EMAIL not in found.channels:
        return dict.fromkeys(emails, Addressee(answer=Answer(False, permission.NOT_MARKETING)))
    if door.shut():
        return dict.fromkeys(emails, Addressee(answer=Answer(False, permission.SHUT)))
    nobody = Addressee(answer=Answer(False, permission.NO_ADDRESS))
    return dict.fromkeys(emails, nobody) | _Page(_entries(emails), found, now).answers()


def _entries(emails: Collection[str]) -> dict[str, Address]:
    """The proven entry of each address that has one, its person read along, or she into whom that one was merged."""
    proven = Address.objects.filter(
        writable(),
        site=conf.get().SITE,
        kind=Kind.EMAIL,
        canonical__in=list(emails),
        until__isnull=True,
        unreachable_at__isnull=True,
    ).order_by("proven_at", "pk")
    entries = {str(one.canonical): one for one in proven.select_related("person")}
    for one in entries.values():
        if one.person.merged_into is not None:  # addresses move along with a merge: this is a moment's state
            one.person = people.standing_for(one.person)
    return entries


class _Page:
    """What decides about some addresses, read together."""

    def __init__(self, entries: Mapping[str, Address], purpose: Purpose, now: datetime) -> None:
        self._entries, self._purpose, self._now = entries, purpose, now
        persons = {one.person.uuid: one.person for one in entries.values()}
        self._restricted = restricted_people(purpose.key) if persons else set()
        self._suppressions = suppress.over_each(Kind.EMAIL, entries, now=now) if persons else {}
        self._states = rows_of(persons)
        self._bought = self._buyers(persons)

    def answers(self) -> dict[str, Addressee]:
        """The answer for each address."""
        return {
            email: Addressee(
                answer=self._answer(email, entry),
                person=entry.person,
                states=self._states.get(entry.person.uuid, {}),
            )
            for email, entry in self._entries.items()
        }

    def _answer(self, email: str, entry: Address) -> Answer:
        # In the order of ``permission.may_send``; a test asks both about the same people.
        holder = entry.person
        row = standing_row(self._states.get(holder.uuid, {}), self._purpose.key, EMAIL)
        hers = self._suppressions.get(email, [])
        if holder.erased_at is not None:
            return Answer(False, permission.ERASED)
        if holder.uuid in self._restricted:
            return Answer(False, permission.RESTRICTED)
        if suppress.strictest(hers, channel=EMAIL, purpose=self._purpose.key):
            return Answer(False, permission.SUPPRESSED)
        if row is not None and row.standing in kinds.REFUSALS:
            return Answer(False, permission.REFUSED)
        if permission.over(self._purpose, holder, row, self._now):
            return Answer(False, permission.TERM_OVER)
        for basis in self._purpose.bases:
            bought = partial(self._has_bought, holder)
            reason = permission.carries(basis, EMAIL, row, self._now, bought=bought)
            if reason:
                return Answer(True, reason, basis.name, entry)
        return Answer(False, permission.NO_BASIS)

    def _has_bought(self, person: Person, within: Term) -> bool:
        return person.uuid in self._bought(within)

    def _buyers(self, persons: Mapping[UUID, Person]) -> Callable[[Term], set[UUID]]:
        """Who bought within a term, read once and only where a basis asks for it."""
        informed = [one for uuid, one in persons.items() if self._informed(uuid)]
        return cache(
            lambda within: customers.bought_among(informed, within, now=self._now) if informed else set()
        )

    def _informed(self, uuid: UUID) -> bool:
        row = standing_row(self._states.get(uuid, {}), self._purpose.key, EMAIL)
        asked = any(isinstance(one, LegitimateInterest) and one.when for one in self._purpose.bases)
        return asked and row is not None and row.standing in {Standing.INFORMED, Standing.LIVE}
