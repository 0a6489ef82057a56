"""Whether a consent from elsewhere may be taken over for an address: the one rule, asked for a batch of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django_rgpd.consent import kinds, state, suppress
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import addresses, conf
from django_rgpd.imports import reasons
from django_rgpd.imports.judging import Consent
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import ERASED
from django_rgpd.registry.models import Address, Kind

PAGE = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a consent may be taken: the ``reason`` why not, or nothing; ``entry``: the address as it is known here."""

    consent: Consent
    reason: str
    entry: Address | None


def verdicts(
    consents: Collection[Consent],
    kind: Kind,
    key: state.Key,
    *,
    now: datetime,
    left: Callable[[str], str],
) -> list[Verdict]:
    """What stands in the way of each of ``consents`` to ``key`` (art. 17, 21.3): three queries, whatever their number.

    A list is somebody's word about people, so it lifts no suppression, brings back nobody who was erased, also where she has
    come back since and proven her address, and overcomes no refusal: what she wants now she says herself. ``left``: what the
    ledger says of a digest (``leavers``), whose address this database may have forgotten, or never have known; or nothing.
    """
    digests = {one.address: [each.hex for each in addresses.digests(kind, one.address)] for one in consents}
    every = [digest for hexes in digests.values() for digest in hexes]
    entries, erased = _entries(kind, every)
    listed = suppress.over_each(kind, digests, now=now)
    rows = state.rows_of({entry.person.uuid for entry in entries.values()})
    found = []
    for one in consents:
        hexes = digests[one.address]
        entry = next((entries[digest] for digest in hexes if digest in entries), None)
        told = next(filter(None, map(left, hexes)), "")
        row = None if entry is None else state.standing(rows.get(entry.person.uuid, {}), *key)
        if suppress.strictest(listed.get(one.address, []), channel=key[1], purpose=key[0]):
            reason = reasons.SUPPRESSED
        elif row is not None and row.live:
            reason = reasons.KNOWN
        elif told == reasons.ERASED or not erased.isdisjoint(hexes):
            reason = reasons.ERASED
        elif told and row is None:
            reason = told
        else:
            reason = _of_a_person(entry, row, one.at)
        found.append(Verdict(one, reason, entry))
    return found


def leavers(*, kind: Kind, key: state.Key, since: datetime | None = None) -> Iterator[tuple[str, str]]:
    """Digest and reason of the addresses of everybody who refused ``key``, or was erased (``since`` then): events keep them when
    addresses are forgotten, and come back from the mirror where a dump never knew them.

    Keyset pages over these events, whatever their number.
    """
    purpose, channel = key
    told = Event.objects.filter(
        site=conf.get().SITE,
        kind__in=[*kinds.REFUSING, ERASED],
        purpose__in={purpose, ""},
        channel__in={channel, ""},
    ).order_by("pk")
    if since is not None:
        told = told.filter(recorded_at__gte=since)
    last = 0
    while page := list(told.filter(pk__gt=last).values_list("pk", "kind", "payload")[:PAGE]):
        last = page[-1][0]
        for _pk, what, payload in page:
            reason = reasons.ERASED if what == ERASED else reasons.REFUSED
            for one in (payload.get("digests") or []) if isinstance(payload, dict) else []:
                if one.get("kind") == kind:
                    yield str(one.get("digest")), reason


def _entries(kind: Kind, digests: Collection[str]) -> tuple[dict[str, Address], set[str]]:
    """Digest → who has the address now; and the digests of those that were erased."""
    known = Address.objects.filter(site=conf.get().SITE, kind=kind, digest__in=digests)
    current: dict[str, Address] = {}
    erased: set[str] = set()
    for entry in known.select_related("person").order_by("pk"):
        if entry.person.erased_at is not None:
            erased.add(entry.digest)
        elif entry.until is None:
            current[entry.digest] = entry
    return current, erased


def _of_a_person(entry: Address | None, row: ConsentState | None, at: datetime) -> str:
    if row is not None and row.standing in kinds.REFUSALS:
        return reasons.REFUSED
    if row is not None and row.standing == Standing.EXPIRED and at <= row.since:
        return reasons.ENDED
    if entry is None or entry.kind != Kind.EMAIL or entry.proven_at is not None:
        return ""
    return "" if entry.person.user_key is None else reasons.UNCONFIRMED
