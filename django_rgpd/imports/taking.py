"""Taking a batch of lines: people, addresses, events and states, each in one statement, under the people's locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django_rgpd.consent import deciding, kinds, news, together
from django_rgpd.consent.models import Wording
from django_rgpd.core import addresses
from django_rgpd.imports import reasons, standing
from django_rgpd.imports.judging import Consent, address_of
from django_rgpd.imports.models import ConsentImport
from django_rgpd.imports.standing import Verdict
from django_rgpd.ledger.record import Draft, many
from django_rgpd.registry import reached
from django_rgpd.registry.addresses import VOUCHED
from django_rgpd.registry.models import Address, Kind, Person

HOW = "import"


@dataclass(slots=True)
class Taken:
    """What became of a batch of lines: how many were taken, and why others, promised before, were not."""

    number: int = 0
    changed: Counter[str] = field(default_factory=Counter)


def take(
    batch: ConsentImport, consents: Sequence[Consent], texts: Mapping[str, Wording], *, now: datetime
) -> Taken:
    """Take ``consents`` in the caller's transaction; what stands in the way since they were judged keeps its line out.

    ``texts``: what each line's ``wording`` means. The same number of statements whatever the number of lines; one
    ``consent_changed`` for each consent.
    """
    kind, key = address_of(batch.channel)[1], (batch.purpose, batch.channel)
    left = dict(standing.leavers(kind=kind, key=key, since=batch.judged_at))
    verdicts = _under_lock(consents, kind, key, left, now=now)
    taken = Taken(changed=Counter(one.reason for one in verdicts if one.reason))
    wanted = [one for one in verdicts if not one.reason]
    entries = _entries(batch, kind, wanted, now=now)
    holding = {
        one.consent.line: entries[one.consent.address] for one in wanted if one.consent.address in entries
    }
    taken.changed[reasons.MOVED] += len(wanted) - len(holding)
    drafts = [
        _draft(batch, one.consent, holding[one.consent.line], texts[one.consent.wording])
        for one in wanted
        if one.consent.line in holding
    ]
    taken.number = len(many(drafts, now=now))
    people = {entry.person.uuid: entry.person for entry in holding.values()}
    together.refresh(list(people.values()), key)
    news.tell(people, purpose=batch.purpose, channel=batch.channel, kind=kinds.IMPORTED)
    taken.changed = +taken.changed
    return taken


def _under_lock(
    consents: Sequence[Consent], kind: Kind, key: tuple[str, str], left: Mapping[str, str], *, now: datetime
) -> list[Verdict]:
    """What stands in the way, read once everybody who is known is locked: who objects meanwhile has objected first, or waits."""
    locked: set[int] = set()
    while True:
        found = standing.verdicts(consents, kind, key, now=now, left=lambda digest: left.get(digest, ""))
        known = {one.entry.person_id for one in found if one.entry is not None}
        if known <= locked:
            return found
        locked |= known
        list(Person.objects.select_for_update().filter(pk__in=known).order_by("pk").values_list("pk"))


def _entries(
    batch: ConsentImport, kind: Kind, wanted: Sequence[Verdict], *, now: datetime
) -> dict[str, Address]:
    """Canonical address → its entry: that of who is known, vouched for from now on, or a new one of a new person."""
    known = {one.consent.address: one.entry for one in wanted if one.entry is not None}
    if kind == Kind.EMAIL:
        unproven = [entry for entry in known.values() if entry.proven_at is None]
        if unproven:
            entries = Address.objects.filter(pk__in=[one.pk for one in unproven], proven_at__isnull=True)
            entries.update(proven_how=VOUCHED, proven_by=by(batch))
            reached.tell(one.person_id for one in unproven)
            together.refresh_all(
                [one.person for one in unproven]
            )  # they agreed before, with an address nobody vouched for
    return known | _newcomers(batch, kind, [one.consent for one in wanted if one.entry is None], now=now)


def _newcomers(
    batch: ConsentImport, kind: Kind, consents: Sequence[Consent], *, now: datetime
) -> dict[str, Address]:
    """New people, each with an address; not for an address that somebody else noted at the same moment."""
    # Her consent is the contact that her term counts from, not the day on which the shop wrote her down.
    people = Person.objects.bulk_create(
        Person(site=batch.site, language=one.language, created_at=one.at, last_contact=one.at)
        for one in consents
    )
    made = [_entry(batch, kind, one, person, now) for one, person in zip(consents, people, strict=True)]
    # Two that insert the same addresses do it in the same order, and the second one waits.
    Address.objects.bulk_create(sorted(made, key=lambda entry: entry.digest), ignore_conflicts=True)
    hers = Address.objects.filter(person__in=people).select_related("person")
    found = {str(entry.canonical): entry for entry in hers}
    if len(found) < len(people):
        Person.objects.filter(pk__in=[one.pk for one in people], addresses__isnull=True).delete()
    return found


def _entry(batch: ConsentImport, kind: Kind, consent: Consent, person: Person, now: datetime) -> Address:
    digest = addresses.digest(kind, consent.address)
    vouched = {"proven_how": VOUCHED, "proven_by": by(batch)} if kind == Kind.EMAIL else {}
    return Address(
        person=person,
        site=batch.site,
        kind=kind,
        canonical=consent.address,
        digest=digest.hex,
        key_id=digest.key_id,
        since=now,
        **vouched,
    )


def by(batch: ConsentImport) -> str:
    """Who vouches for an address."""
    return f"import:{batch.uuid}"


def _draft(batch: ConsentImport, consent: Consent, entry: Address, wording: Wording) -> Draft:
    """What proves the consent (art. 7.1): when, how, to which text, by which batch and line; nothing that names her."""
    return Draft(
        kind=kinds.IMPORTED,
        person=entry.person,
        purpose=batch.purpose,
        channel=batch.channel,
        at=consent.at,
        how=HOW,
        actor=batch.actor,
        payload={
            **deciding.told(batch.purpose, consent.at, wording),
            "evidence": consent.how,
            "batch": str(batch.uuid),
            "line": consent.line,
            "address": entry.pk,
        },
    )
