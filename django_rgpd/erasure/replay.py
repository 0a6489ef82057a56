"""Erasures on a restored dump: who was erased since is searched for in what came back, and erased again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from django_rgpd.consent import state
from django_rgpd.core import conf
from django_rgpd.core.errors import RgpdError
from django_rgpd.erasure import execute, locking, sessions, traces
from django_rgpd.erasure.afterwards import UNDER_WAY, go_over
from django_rgpd.erasure.cases import Case, drawn_of, holds_of
from django_rgpd.erasure.failures import wrapped
from django_rgpd.erasure.models import Erasure
from django_rgpd.erasure.plan import said
from django_rgpd.ledger import replay
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import ERASED
from django_rgpd.ledger.tail import Tail
from django_rgpd.registry import Subject, ending, people
from django_rgpd.registry.addresses import merge
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.who import Held


@dataclass(frozen=True, slots=True)
class Gone:
    """One erasure as the ledger tells it, with what the restored database has of her: account key and addresses of guests."""

    event: Event
    told: Mapping[str, Any]
    account: object | None = None
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @property
    def uuids(self) -> list[UUID]:
        """Hers first, then those of the people merged into her."""
        every = [self.event.person, *(UUID(one) for one in self.told.get("people", []))]
        return [uuid for uuid in dict.fromkeys(every) if uuid is not None]

    @property
    def erasure(self) -> UUID:
        """The number of the erasure, which it keeps; that of its event where its payload has ended."""
        return UUID(str(self.told.get("erasure", self.event.uuid)))


@replay.applies
def erase_again(came: Tail, report: replay.Report, *, now: datetime, progress: replay.Progress) -> None:
    """Erase everybody again who was erased since the dump, with the choices that she made (GDPR art. 17)."""
    _erase_all(_found(list(came.events(ERASED))), report, now=now, progress=progress)


def erase_everybody_again(report: replay.Report, *, now: datetime, progress: replay.Progress) -> None:
    """The same for every erasure that the database's own ledger tells: some of its tables were restored from an older dump."""
    _erase_all(_found(list(_told())), report, now=now, progress=progress)


def returned() -> Iterator[UUID]:
    """The erasures whose person, or whose account, is here although the ledger says that she was erased."""
    gone = [Gone(event, event.payload if isinstance(event.payload, dict) else {}) for event in _told()]
    living = set(Person.objects.filter(erased_at=None, merged_into=None).values_list("uuid", flat=True))
    accounts = traces.accounts(each.told["account"]["digest"] for each in gone if each.told.get("account"))
    closed = _tombstones(accounts.values())
    for each in gone:
        account = accounts.get((each.told.get("account") or {}).get("digest", ""))
        if (account is not None and account not in closed) or not living.isdisjoint(each.uuids):
            yield each.erasure


def _tombstones(accounts: Iterable[object]) -> set[object]:
    """Of these accounts, those that nobody can log in to: an erasure leaves one where a row that is kept refers to it."""
    keys: Any = list(accounts)
    users = get_user_model()._base_manager.filter(pk__in=keys)
    return {user.pk for user in users if not user.is_active and not user.has_usable_password()}


def _told() -> Iterator[Event]:
    return Event.objects.filter(kind=ERASED, site=conf.get().SITE).order_by("pk").iterator(chunk_size=500)


def _erase_all(found: list[Gone], report: replay.Report, *, now: datetime, progress: replay.Progress) -> None:
    erased = 0
    for number, gone in enumerate(found, 1):
        try:
            erased += _again(gone, now=now)
        except RgpdError as error:
            report.left.append(_("Erasure %(uuid)s: %(why)s") % {"uuid": gone.erasure, "why": error})
        progress(_("Erasing again"), number, len(found))
    if found:
        words = _(
            "Erased again: %(erased)d of %(all)d; of the others this database has nothing that is not erased."
        )
        report.done.append(words % {"erased": erased, "all": len(found)})


def _found(events: list[Event]) -> list[Gone]:
    """What the restored database has of each: its columns and accounts are read once for all of them."""
    gone = [Gone(event, event.payload if isinstance(event.payload, dict) else {}) for event in events]
    texts = traces.texts((one["kind"], one["digest"]) for each in gone for one in each.told.get("hers") or ())
    accounts = traces.accounts(each.told["account"]["digest"] for each in gone if each.told.get("account"))
    return [
        replace(
            each,
            account=accounts.get(each.told["account"]["digest"]) if each.told.get("account") else None,
            addresses=_together(each, texts),
        )
        for each in gone
    ]


def _together(gone: Gone, texts: Mapping[traces.Digested, set[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in gone.told.get("hers") or ():
        hers = texts.get((one["kind"], one["digest"]), set())
        found[one["kind"]] = found.get(one["kind"], frozenset()) | hers
    return found


def _again(gone: Gone, *, now: datetime) -> bool:
    """Erase one person again; whether there was anything of her."""
    alias = router.db_for_write(Person)
    with wrapped(_("Erasing a person again")), transaction.atomic(using=alias):
        locking.settle(alias)
        person = _person(gone)
        if person is None:
            return False
        subject = _subject(gone, person)
        erasure = Erasure.objects.filter(uuid=gone.erasure).first()
        if person.erased_at is not None and erasure is not None:
            return _go_over(erasure, subject, now=now)
        choices = said(gone.told.get("choices"))
        user = locking.lock_user(subject)
        known, event = replace(people.known_of(person), subject=subject), gone.event
        standing = holds_of(subject, event.how)
        case = Case(person, known, user, choices, event.how, event.actor, event.at, now, *standing)
        drawn = drawn_of(case)
        execute.refuse_blocked(drawn.plan)
        execute.carry_out(case, drawn, gone.erasure)
    return True


def _go_over(erasure: Erasure, subject: Subject, *, now: datetime) -> bool:
    """She is erased here, but a table was restored from before: what came back with it goes, whether there was anything."""
    for one in ending.every():
        one.end(subject, now=erasure.asked_at)
    keys = sessions.take([] if subject.user_key is None else [str(subject.user_key)])
    rows = go_over(erasure, subject, now=now)
    back = Address.objects.filter(person__uuid__in=subject.uuids, until__isnull=True)
    back.update(until=erasure.asked_at)
    transaction.on_commit(lambda: sessions.end(keys), robust=True)
    return rows > 0


def _person(gone: Gone) -> Person | None:
    """Her row, locked, with all that is hers in this database; made where the dump is older than she is and has something of
    hers."""
    own = gone.uuids[0] if gone.uuids else None
    rows = Q(uuid__in=gone.uuids)
    if gone.account is not None:
        rows |= Q(user_key=str(gone.account), site=gone.event.site)
    there = list(Person.objects.filter(rows).order_by("pk"))
    if own is None or not (there or gone.account is not None or any(gone.addresses.values())):
        return None
    person = next((one for one in there if one.uuid == own), None)
    if person is None:
        person = Person.objects.create(uuid=own, site=gone.event.site, created_at=gone.event.at)
        # What she decided came back before her row did.
        state.refresh(state.lock(person))
    person = locking.lock(person)
    for other in there:
        if other.pk != person.pk and other.merged_into is None and other.erased_at is None:
            _take_over(person, locking.lock(other))
    if person.user_key is None and gone.account is not None and person.erased_at is None:
        Person.objects.filter(pk=person.pk).update(user_key=str(gone.account))
    person.refresh_from_db()
    return person


def _take_over(person: Person, other: Person) -> None:
    """``other`` was merged into her before she was erased, or is who her account, back from the dump, was taken for since."""
    key, other.user_key = other.user_key, None
    other.save(update_fields=["user_key"])
    if person.user_key is None and key is not None:
        person.user_key = key
        person.save(update_fields=["user_key"])
    merge(other, person)


def _subject(gone: Gone, person: Person) -> Subject:
    """Her account and uuids, and the addresses that were hers when she was erased: they lead to what began before that.

    What the dump says of her addresses does not count: one may have become somebody else's before she asked.
    """
    held = Held(until=gone.event.at + UNDER_WAY, free=gone.addresses)
    hers = people.subject(person)
    account = gone.account if hers.user_key is None else hers.user_key
    return replace(hers, user_key=account, addresses=gone.addresses, held=held)
