"""Who is a customer: the person's last sale, as the shop's declarations tell it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Max, QuerySet

from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.policy import Term
from django_rgpd.registry import people, scope
from django_rgpd.registry.matching import who_of
from django_rgpd.registry.models import Person
from django_rgpd.registry.paths import follow
from django_rgpd.registry.site import Entry, registry
from django_rgpd.registry.who import Subject


def recent(last: date | None, within: Term, *, now: datetime) -> bool:
    """Whether the term ``within`` of a last sale is not over: an account without a sale is no customer's."""
    return last is not None and (within.endless or within.due(last) > clock.legal_day(now))


def last_sale(person: Person) -> date | None:
    """The legal day of the last order that ``person`` paid, by the columns declared as ``Sales``."""
    subject = people.subject(person)
    return last_sales([subject]).get(subject.uuid)


def last_sales(subjects: Collection[Subject]) -> dict[UUID, date]:
    """The same of each of ``subjects`` who ever paid an order, by her uuid: as many queries as for one."""
    latest: dict[UUID, date] = {}
    for entry in registry:
        if entry.declaration.sales is not None and subjects:
            for uuid, last in _of(entry, subjects):
                latest[uuid] = max(last, latest.get(uuid, last))
    return latest


def _of(entry: Entry, subjects: Collection[Subject]) -> Iterator[tuple[UUID, date]]:
    if who_of(entry, entry.main_role).generic:
        for one in subjects:  # what a generic key ties a row to does not say whose it is
            last = _paid(entry, scope.rows(entry, entry.main_role, one)).aggregate(last=Max("_paid"))["last"]
            yield from _day(one.uuid, last)
        return
    owners = _Owners(subjects)
    for rows in _rows(entry, subjects):
        names = _names(entry)
        paid = _paid(entry, rows).annotate(**{name: F(path) for name, (_kind, path) in names.items()})
        for row in paid.order_by().values(*names).annotate(last=Max("_paid")):
            found = {kind: row[name] for name, (kind, _path) in names.items()}
            for uuid in owners.of(found):
                yield from _day(uuid, row["last"])


def _rows(entry: Entry, subjects: Collection[Subject]) -> Iterator[QuerySet[Any]]:
    """The rows of all ``subjects`` together, one statement a way that leads to them."""
    role = entry.main_role
    texts: dict[str, frozenset[str]] = {}
    for one in subjects:
        for kind, hers in one.addresses.items():
            texts[kind] = texts.get(kind, frozenset()) | hers
    together = Subject(uuids=tuple(uuid for one in subjects for uuid in one.uuids), addresses=texts)
    keys = [one.user_key for one in subjects if one.user_key is not None]
    for way in (scope.by_accounts(entry, role, keys), *scope.conditions(entry, role, together)):
        yield entry.model._base_manager.filter(way)


def _paid(entry: Entry, rows: QuerySet[Any]) -> QuerySet[Any]:
    sales = entry.declaration.sales
    if sales is None:
        return rows.none()
    sold = rows if sales.where is None else rows.filter(sales.where)
    paid: QuerySet[Any] = sold.annotate(_paid=F(sales.paid_at))
    return paid


def _names(entry: Entry) -> dict[str, tuple[str, str]]:
    """Alias → what it tells of the row's main person, and its path."""
    who = who_of(entry, entry.main_role)
    ways = {"user": who.user and follow(entry.model, who.user).key, "person": who.person, **who.addresses}
    return {f"_of_{kind}": (kind, path) for kind, path in ways.items() if path}


def _day(uuid: UUID, last: datetime | date | None) -> Iterator[tuple[UUID, date]]:
    if last is not None:
        yield uuid, clock.legal_day(last) if isinstance(last, datetime) else last


class _Owners:
    """Whose a row is among people who were read together: by account, else by address; or by uuid."""

    def __init__(self, subjects: Collection[Subject]) -> None:
        self._by: dict[tuple[str, str], set[UUID]] = {}
        for one in subjects:
            if one.user_key is not None:
                self._note("user", one.user_key, one)
            for uuid in one.uuids:
                self._note("person", uuid, one)
            for kind, texts in one.addresses.items():
                for text in texts:
                    self._note(kind, text, one)

    def of(self, told: Mapping[str, Any]) -> set[UUID]:
        """The people whose the row is that tells this."""
        account = told.get("user")
        found = {"person": told.get("person")}
        if account in {None, ""}:
            found |= {kind: told.get(kind) for kind in (addresses.EMAIL, addresses.PHONE)}
        else:
            found["user"] = account
        return {
            uuid for kind, value in found.items() for uuid in self._by.get((kind, _text(kind, value)), ())
        }

    def _note(self, kind: str, value: object, one: Subject) -> None:
        self._by.setdefault((kind, str(value)), set()).add(one.uuid)


def _text(kind: str, value: object) -> str:
    text = "" if value is None else str(value)
    try:
        return addresses.canonical(kind, text) if kind in {addresses.EMAIL, addresses.PHONE} else text
    except BadAddress:
        return ""
