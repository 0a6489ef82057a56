"""Which of a batch of addresses may be taken over from elsewhere: none that was refused, suppressed or erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import copies, kinds, state
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import addresses, conf
from django_rgpd.registry.models import Address, Kind

OK = "ok"
SUPPRESSED = "suppressed"
ERASED = "erased"
REFUSED = "refused"

WORDS: dict[str, Promise] = {
    OK: _("This address may be taken over."),
    SUPPRESSED: _("This address is on the list of those that are not written to."),
    ERASED: _("Whoever had this address was erased; only she herself can come back."),
    REFUSED: _("Whoever has this address withdrew or objected."),
}
"""What each verdict means, in words for people."""


def verdicts(
    kind: str, canonicals: Collection[str], purpose: str, channel: str, *, now: datetime
) -> dict[str, str]:
    """For each of ``canonicals``, whether a consent to ``purpose`` on ``channel`` may be taken over for it: ``OK``, or why not.

    ``kind`` and the addresses as in ``core.addresses.canonical``, at most a thousand at a time: three queries, whatever their
    number. ``SUPPRESSED`` comes before ``ERASED`` and ``ERASED`` before ``REFUSED``. Ask before the addresses are noted or proven
    for the import: who was erased has come back where she has proven the address since (GDPR art. 17, 21.3).
    """
    by_digest = {digest.hex: one for one in set(canonicals) for digest in addresses.digests(kind, one)}
    suppressed = {by_digest[digest] for digest in _suppressed(kind, by_digest, purpose, channel, now)}
    entries: dict[str, list[Address]] = defaultdict(list)
    for entry in _entries(kind, by_digest):
        entries[by_digest[entry.digest]].append(entry)
    holders = {text: uuid for text, each in entries.items() if (uuid := _holder(each)) is not None}
    refusing = _refusing(set(holders.values()), purpose, channel)
    return {
        one: SUPPRESSED
        if one in suppressed
        else ERASED
        if _gone(entries.get(one, ()))
        else REFUSED
        if holders.get(one) in refusing
        else OK
        for one in canonicals
    }


def _suppressed(
    kind: str, digests: Iterable[str], purpose: str, channel: str, now: datetime
) -> Iterable[str]:
    standing = Q(until__isnull=True) | Q(until__gt=now)
    found = copies.unlifted(kind, digests).filter(
        standing, purpose__in=["", purpose], channel__in=["", channel]
    )
    return found.values_list("digest", flat=True)


def _entries(kind: str, digests: Mapping[str, str]) -> Iterable[Address]:
    found = Address.objects.filter(site=conf.get().SITE, kind=kind, digest__in=list(digests))
    return found.select_related("person")


def _gone(entries: Iterable[Address]) -> bool:
    """Whether somebody who had it was erased, and nobody has proven it since; a phone, which is not proven, was given."""
    return any(one.person.erased_at is not None for one in entries) and not any(
        one.person.erased_at is None and one.until is None and (one.proven_at or one.kind == Kind.PHONE)
        for one in entries
    )


def _holder(entries: Iterable[Address]) -> UUID | None:
    current = [one for one in entries if one.until is None and one.person.erased_at is None]
    return current[0].person.uuid if current else None


def _refusing(people: Collection[UUID], purpose: str, channel: str) -> set[UUID | None]:
    if not people:
        return set()
    found: dict[UUID, dict[state.Key, ConsentState]] = defaultdict(dict)
    wide = {"purpose__in": ["", purpose], "channel__in": ["", channel]}
    for row in ConsentState.objects.filter(site=conf.get().SITE, person__in=list(people), **wide):
        found[row.person][row.purpose, row.channel] = row
    decided = {one: state.standing(rows, purpose, channel) for one, rows in found.items()}
    return {one for one, row in decided.items() if row is not None and row.standing in kinds.REFUSALS}
