"""Which of a batch of addresses may be taken over from elsewhere: none that was refused, suppressed or erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import kinds, state, suppress
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
    listed = suppress.over_each(kind, set(canonicals), now=now)
    entries: dict[str, list[Address]] = defaultdict(list)
    for entry in _entries(kind, by_digest):
        entries[by_digest[entry.digest]].append(entry)
    holders = {text: uuid for text, each in entries.items() if (uuid := _holder(each)) is not None}
    refusing = _refusing(set(holders.values()), purpose, channel)
    return {
        one: SUPPRESSED
        if suppress.strictest(listed.get(one, []), channel=channel, purpose=purpose)
        else ERASED
        if _gone(entries.get(one, ()))
        else REFUSED
        if holders.get(one) in refusing
        else OK
        for one in canonicals
    }


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
    decided = {one: state.standing(rows, purpose, channel) for one, rows in state.rows_of(people).items()}
    return {one for one, row in decided.items() if row is not None and row.standing in kinds.REFUSALS}
