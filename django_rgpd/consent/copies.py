"""Which address a person is written to, decided in one place; and the copies of it that state rows carry for audiences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import F, QuerySet

from django_rgpd.consent.folding import Snapshot
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import addresses, conf
from django_rgpd.policy import EMAIL, SMS
from django_rgpd.registry.addresses import VOUCHED
from django_rgpd.registry.models import Address, Kind, Person, Suppression

LASTING = (Standing.LIVE, Standing.INFORMED)
"""The standings on which something may be sent."""
PAGE = 500
KINDS = {EMAIL: Kind.EMAIL, SMS: Kind.PHONE}
"""Channel → the kind of address that it writes to; a letter's address is the shop's."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a state row carries of its person: the columns of these names."""

    user_key: str | None = field(default=None, repr=False)
    agreed_with: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    silent_until: datetime | None = None


NOTHING = Copy()


def written_to(having: Iterable[Address], channel: str) -> Address | None:
    """The one of a person's current addresses that ``channel`` writes to: the email proven last, else one that an import brought;
    the phone given last.

    One at which nothing arrives is none.
    """
    kind = KINDS.get(channel)
    usable = [one for one in having if one.kind == kind and one.unreachable_at is None]
    if kind == Kind.PHONE:
        return max(usable, key=lambda one: (one.since, one.pk), default=None)
    proven = [one for one in usable if one.proven_at is not None]
    vouched = [one for one in usable if one.proven_how == VOUCHED]
    return max(proven or vouched, key=lambda one: (one.proven_at or one.since, one.pk), default=None)


def current(people: Collection[int]) -> QuerySet[Address]:
    """The addresses that ``people`` (keys) have at present."""
    return Address.objects.filter(person__in=people, until__isnull=True, canonical__isnull=False)


def unlifted(kind: str, digests: Iterable[str]) -> QuerySet[Suppression]:
    """The suppressions of addresses with these digests that were not lifted."""
    return Suppression.objects.filter(
        site=conf.get().SITE, kind=kind, digest__in=list(digests), lifted_at__isnull=True
    )


class Copies:
    """What the state rows of a batch of people carry, read at once."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._of: dict[int, list[Address]] = defaultdict(list)
        for address in current([person.pk for person in people]).order_by(
            F("proven_at").asc(nulls_first=True), "pk"
        ):
            self._of[address.person_id].append(address)

    def of(self, person: Person, key: tuple[str, str], snapshot: Snapshot) -> Copy:
        """What the row of ``key`` carries; nothing unless something may be sent on it, or she agreed."""
        if snapshot.standing not in LASTING or person.erased_at is not None:
            return NOTHING
        address, silent_until = self.reach(person, key)
        if not snapshot.live:
            return Copy(None, None, address, silent_until)
        return Copy(person.user_key, self._agreed_with(person, key[1], snapshot), address, silent_until)

    def reach(self, person: Person, key: tuple[str, str]) -> tuple[str | None, datetime | None]:
        """The address that is written to about ``key``, and until when it is not: none at all where that has no end."""
        purpose, channel = key
        chosen = written_to(self._of[person.pk], channel)
        if chosen is None or person.erased_at is not None:
            return None, None
        ends = [
            one.until
            for digest in _digests(chosen)
            for one in self._suppressions[chosen.kind].get(digest, ())
            if one.channel in {channel, ""} and one.purpose in {purpose, ""}
        ]
        if None in ends:
            return None, None
        return chosen.canonical, max((one for one in ends if one is not None), default=None)

    def _agreed_with(self, person: Person, channel: str, snapshot: Snapshot) -> str | None:
        if channel not in {*KINDS, ""}:
            return None
        kind = Kind.PHONE if channel == SMS else Kind.EMAIL
        usable = [
            one
            for one in self._of[person.pk]
            if one.kind == kind and (one.proven_at or channel == SMS or one.proven_how == VOUCHED)
        ]
        last = usable[-1] if usable else None
        chosen = next((one for one in usable if one.pk == snapshot.address), last)
        return chosen.canonical if chosen else None

    @cached_property
    def _suppressions(self) -> dict[str, dict[str, list[Suppression]]]:
        """Kind → digest → what was not lifted, of every address that is written to; one query a kind."""
        digests: dict[str, set[str]] = defaultdict(set)
        for having in self._of.values():
            for channel in KINDS:
                if (chosen := written_to(having, channel)) is not None:
                    digests[chosen.kind] |= _digests(chosen)
        found: dict[str, dict[str, list[Suppression]]] = defaultdict(lambda: defaultdict(list))
        for kind, wanted in digests.items():
            for one in unlifted(kind, wanted):
                found[kind][one.digest].append(one)
        return found


def follow(people: Collection[int]) -> None:
    """Bring the copies of where ``people`` (keys) are written to in line, in the transaction that changed it.

    They are locked meanwhile, so that no decision of theirs writes what was read before. Raises ``TransactionManagementError``
    outside of a transaction.
    """
    holders = list(Person.objects.select_for_update().filter(pk__in=people).order_by("pk"))
    by_uuid = {one.uuid: one for one in holders}
    rows = ConsentState.objects.filter(
        person__in=list(by_uuid), standing__in=LASTING, channel__in=list(KINDS)
    )
    copies, other = Copies(holders), []
    for row in rows:
        reach = copies.reach(by_uuid[row.person], (row.purpose, row.channel))
        if reach != (row.address, row.silent_until):
            row.address, row.silent_until = reach
            other.append(row)
    ConsentState.objects.bulk_update(other, ["address", "silent_until"], batch_size=500)


def follow_everybody() -> None:
    """The same for all whose rows carry a copy, a page and transaction at a time."""
    rows = ConsentState.objects.filter(site=conf.get().SITE, standing__in=LASTING, channel__in=list(KINDS))
    holders = Person.objects.filter(uuid__in=rows.values("person")).order_by("pk")
    last = 0
    while people := list(holders.filter(pk__gt=last).values_list("pk", flat=True)[:PAGE]):
        last = people[-1]
        with transaction.atomic():
            follow(people)


def follow_digests(kind: str, digests: Collection[str]) -> None:
    """The same for whoever has an address with one of these digests at present."""
    having = Address.objects.filter(
        site=conf.get().SITE, kind=kind, digest__in=digests, until__isnull=True, canonical__isnull=False
    )
    if people := list(having.values_list("person", flat=True)):
        with transaction.atomic():
            follow(people)


def _digests(address: Address) -> set[str]:
    return {one.hex for one in addresses.digests(address.kind, str(address.canonical))}
