"""Holds as the rule asks them: those that stand are read once, and become plain conditions on rows.

Few stand at any time, and most often none does: then nothing is added to any statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connections, router
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.core.failures import EngineFailed
from django_rgpd.policy import document
from django_rgpd.registry import people, scope
from django_rgpd.registry.conditions import NEVER, any_of, on_row
from django_rgpd.registry.followed import followed
from django_rgpd.registry.models import Hold, HoldKind, Person
from django_rgpd.registry.paths import follow
from django_rgpd.registry.who import Held, Subject

if TYPE_CHECKING:
    from django_rgpd.registry.site import Entry

_STEADY = 0x52475044_01
"""The advisory lock that whoever releases shares, and who places a hold takes alone."""

_AS_IT_BEGAN = ("repeatable read", "serializable")
"""Isolation levels at which a transaction reads, also behind a lock, what there was at its first statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A hold that stands, with what leads to its rows: a row's label and key, or the person as the engine carries her.

    ``rows``: label → role → keys, of a person who was erased.
    """

    uuid: UUID
    kind: str
    since: date
    review_on: date
    purposes: frozenset[str]
    person: UUID | None
    label: str
    key: str
    subject: Subject | None
    rows: Mapping[str, Mapping[str, Collection[str]]]

    def concerns(self, purposes: Iterable[str]) -> bool:
        """Whether it holds a field that serves ``purposes``."""
        return not self.purposes or not self.purposes.isdisjoint(purposes)

    def is_of(self, subject: Subject) -> bool:
        """Whether it is about ``subject``, or one of the people merged into her."""
        return self.person in subject.uuids


Holds = tuple[Standing, ...]
"""The holds that stand at one moment, on whatever site: the shop's rows know of none."""


def standing(*, steady: bool = False) -> Holds:
    """The holds that stand now: one query where there is none, four or five where there are, however many.

    ``steady``: for who is about to release rows; until the transaction ends no further hold is placed, so that a hold that was
    confirmed to somebody is never overtaken by what was under way. Raises ``EngineFailed``, worth a second try, where the
    caller's transaction is one that cannot see a hold that was placed since it began.
    """
    isolation = _lock("pg_advisory_xact_lock_shared") if steady else ""
    found = sorted(unlifted(), key=lambda one: one.pk)
    if isolation in _AS_IT_BEGAN:
        _none_since(found)
    subjects = _subjects({one.person for one in found if one.person is not None and not one.label})
    return tuple(
        Standing(
            uuid=one.uuid,
            kind=one.kind,
            since=clock.legal_day(one.since),
            review_on=one.review_on,
            purposes=_meant(one.purposes),
            person=one.person,
            label=one.label,
            key=one.key,
            subject=None if one.label or one.person is None else subjects.get(one.person),
            rows=one.rows,
        )
        for one in found
    )


def unlifted() -> QuerySet[Hold]:
    """The rows of the holds that stand."""
    return Hold.objects.filter(lifted_at__isnull=True)


def alone() -> None:
    """Wait for who is releasing rows, and let nobody begin until the transaction ends (SQLite has one writer anyway)."""
    _lock("pg_advisory_xact_lock")


def for_erasure(subject: Subject, holds: Holds) -> Holds:
    """``holds`` without the restrictions of ``subject``: who asks for her erasure ends her own (art. 18.1, 17.1)."""
    return tuple(one for one in holds if not (one.kind == HoldKind.RESTRICTION and one.is_of(subject)))


def sparing(subject: Subject, holds: Holds) -> Subject:
    """``subject`` with what ``holds`` keep of people who were erased left out: their mailbox may be hers by now."""
    spared: dict[str, tuple[str, ...]] = {}
    for one in holds:
        for label, roles in one.rows.items() if not one.is_of(subject) else ():
            for role, keys in roles.items():
                pin = Held.pin(label, role)
                spared[pin] = (*spared.get(pin, ()), *keys)
    return replace(subject, spared=spared) if spared else subject


def rows_held(
    entry: Entry,
    role: str,
    purposes: Collection[str],
    holds: Iterable[Standing],
    *,
    found: Collection[str] = (),
) -> Q:
    """Rows of ``entry`` on which one of ``holds`` keeps what serves ``purposes`` of the person in ``role``.

    ``found``: the purposes of what is found by the value in question: where a hold keeps something of a person, it keeps what
    leads to it. The library's own tables are never held: they know whom a hold is about.
    """
    if entry.model._meta.app_label == Hold._meta.app_label:
        return NEVER
    standing = list(holds)
    mine = [one for one in standing if one.concerns(purposes)]
    reached = {*purposes, *found}
    subjects = [one.subject for one in standing if one.subject is not None and one.concerns(reached)]
    if not mine and not subjects:
        return NEVER
    return any_of(_by_key(entry, role, mine), *_of_people(entry, role, subjects))


def restricted(person: UUID, purpose: str = "") -> bool:
    """Whether ``person``, or somebody merged into her, had what the shop does for ``purpose`` restricted (art. 18).

    Without a purpose: whether anything is. What is restricted is stored and not used: no marketing, no profiling.
    """
    hers = Q(person=person) | Q(person__in=Person.objects.filter(merged_into=person).values("uuid"))
    found = Hold.objects.filter(hers, kind=HoldKind.RESTRICTION, lifted_at__isnull=True, label="")
    told = [_meant(one) for one in found.values_list("purposes", flat=True)]
    return any(not purpose or not purposes or purpose in purposes for purposes in told)


def restricted_people(purpose: str) -> set[UUID]:
    """Everybody of whom ``restricted`` says so for ``purpose``: one query where nobody is, and one more where somebody is."""
    found = Hold.objects.filter(
        kind=HoldKind.RESTRICTION, lifted_at__isnull=True, label="", person__isnull=False
    )
    told = {
        one
        for one, purposes in found.values_list("person", "purposes")
        if one is not None and (not _meant(purposes) or purpose in purposes)
    }
    if not told:
        return set()
    merged = Person.objects.filter(uuid__in=told, merged_into__isnull=False)
    return told | {into for into in merged.values_list("merged_into", flat=True) if into is not None}


def _meant(purposes: Collection[str]) -> frozenset[str]:
    """The purposes that a hold is about; none, which is all, where the policy does not know one of them any more.

    Whoever renames a purpose does not know of the holds: one that holds too much is seen, one that holds nothing is not.
    """
    known = {one.key for one in document.current().purposes} if purposes else set()
    return frozenset(purposes) if known.issuperset(purposes) else frozenset()


def _by_key(entry: Entry, role: str, holds: Collection[Standing]) -> Q:
    found = [key for one in holds for key in one.rows.get(entry.label, {}).get(role, ())]
    conditions = [Q(pk__in=found)] if found else []
    by_label: dict[str, list[str]] = {}
    for one in holds:
        if one.label:
            by_label.setdefault(one.label, []).append(one.key)
    for path, far in followed(entry) if by_label else ():
        keys = by_label.get(far.label)
        if keys:
            text = follow(entry.model, path).key if path else "pk"
            conditions.append(on_row(entry.model, Q(**{f"{text}__in": keys}), few=True))
    return any_of(*conditions)


def _of_people(entry: Entry, role: str, subjects: Collection[Subject]) -> list[Q]:
    """As each of them alone, but asked of all together: a condition does not grow deeper with their number."""
    if not subjects:
        return []
    addresses: dict[str, frozenset[str]] = {}
    for one in subjects:
        for kind, texts in one.addresses.items():
            addresses[kind] = addresses.get(kind, frozenset()) | texts
    together = Subject(uuids=tuple(uuid for one in subjects for uuid in one.uuids), addresses=addresses)
    keys = [one.user_key for one in subjects if one.user_key is not None]
    return [scope.by_accounts(entry, role, keys), *scope.conditions(entry, role, together)]


def _subjects(uuids: set[UUID]) -> dict[UUID, Subject]:
    """Uuid of the person that a hold names → what the engine carries of her, or of whom she was merged into."""
    standing_for = people.standing_of(uuids)
    holders = list(dict.fromkeys(standing_for.values()))
    carried = (
        {one.pk: subject for one, subject in zip(holders, people.subjects(holders), strict=True)}
        if holders
        else {}
    )
    return {uuid: carried[one.pk] for uuid, one in standing_for.items()}


def _lock(function: str) -> str:
    """Take the lock; the isolation level of the transaction, where the database has such locks."""
    connection = connections[router.db_for_write(Hold)]
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s), current_setting('transaction_isolation')", [_STEADY])
        return str(cursor.fetchone()[1])


def _none_since(seen: Iterable[Hold]) -> None:
    """Ask on a connection of its own, which sees what was committed until now, for holds that are not among ``seen``."""
    beside = connections[router.db_for_write(Hold)].copy()
    rows = unlifted().values_list("pk")
    try:
        there = {row[0] for row in rows.query.get_compiler(connection=beside).results_iter()}
    finally:
        beside.close()
    if not there.issubset(one.pk for one in seen):
        raise EngineFailed(_("Reading the holds that stand"), "40001", again=True)
