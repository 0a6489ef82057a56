"""Adopting a shop that lived before: its accounts become people, and their last contact is read from declared columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
)
from django.db.models.functions import Cast, Lower

from django_rgpd.core import clock, conf
from django_rgpd.erasure import reach, statements
from django_rgpd.policy import LAST_CONTACT, current
from django_rgpd.registry import Entry, registry
from django_rgpd.registry.conditions import all_of, not_
from django_rgpd.registry.days import until_day
from django_rgpd.registry.expressions import RandomUuid, address_text, key_of_text, key_text
from django_rgpd.registry.matching import limited, no_account, who_of
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.paths import follow
from django_rgpd.registry.sales import here
from django_rgpd.registry.who import PHONE
from django_rgpd.retention import approval, marks

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What was made and read: accounts that became people, and path → people whose last contact it moved.

    ``unknown``: people of whom nobody knew a last contact before. ``withdrawn``: models whose approval was taken back for them.
    """

    people: int = 0
    contacts: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    withdrawn: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether somebody's terms may count from another day now."""
        return bool(self.people or any(self.contacts.values()))


def adopt(*, now: datetime, actor: str = "") -> Adopted:
    """Make a ``Person`` of each account that has none, and read when she was last in touch; one transaction.

    The statements grow with what is declared (two or three a path of ``contacts``), not with rows. A last contact moves forward
    only, so that a second run changes nothing. Where somebody's was not known before, what counts from it waits for a new
    approval: accounts that nobody had counted yet must not end by surprise. That is recorded, with ``actor`` (``approval``); one
    that only moves forward ends later, and needs nobody.
    """
    with transaction.atomic(using=marks.database()):
        made = _make_people(now=now) if _counted() else 0
        before, top = _unknown()
        contacts = {
            f"{entry.label}.{path}": _read(entry, path, now=now)
            for entry in registry
            for path in entry.declaration.contacts
            if entry.people
        }
        _bring_along()
        unknown = before - _unknown(top)[0]
        withdrawn = _withdraw(now=now, actor=actor) if made or unknown > 0 else ()
    moved = {path: number for path, number in contacts.items() if number}
    return Adopted(people=made, contacts=moved, unknown=max(unknown, 0), withdrawn=withdrawn)


def _unknown(top: int | None = None) -> tuple[int, int]:
    """How many people, with a key up to ``top``, nobody knows a last contact of; and the highest key of them."""
    people = here().filter(erased_at=None, merged_into=None, last_contact=None)
    found = (people if top is None else people.filter(pk__lte=top)).aggregate(
        number=Count("pk"), top=Max("pk")
    )
    return found["number"], found["top"] or 0


def _withdraw(*, now: datetime, actor: str) -> tuple[str, ...]:
    counted, known = _counted(), marks.read()
    approved = [entry.label for entry in counted if marks.adopted(entry, known)]
    if approved:
        approval.withdraw(approved, now=now, actor=actor, lasting=False)
    marks.refuse(
        [entry.label for entry in counted]
    )  # an older approval would count again with the policy that it was of
    return tuple(approved)


def _counted() -> list[Entry]:
    """The models of which something ends by the last contact."""
    keys = {purpose.key for purpose in current().purposes if purpose.clock is LAST_CONTACT}
    return [
        entry
        for entry in reach.entries()
        if any(keys.intersection(one.purpose_keys) for one in entry.declaration.fields.values())
    ]


def _make_people(*, now: datetime) -> int:
    """One ``INSERT … SELECT``; accounts that were erased and stand there empty are nobody's."""
    model = get_user_model()
    entry = registry.of(model)
    if entry is None or not entry.declaration.fields:
        return 0
    key = key_text("pk", model._meta.pk)
    known = here().filter(user_key=key_text(OuterRef("pk"), model._meta.pk))
    values: dict[str, Any] = {
        "uuid": RandomUuid(),
        "site": Value(conf.get().SITE),
        "user_key": key,
        "language": Value(""),
        "created_at": Value(now, DateTimeField()),
    }
    renamed = {f"rgpd_{name}": value for name, value in values.items()}
    rows = statements.rows_of(entry, not_(reach.erased(entry, entry.declaration.fields)))
    rows = rows.filter(~Exists(known)).annotate(**renamed).values_list(*renamed)
    alias = marks.database()
    connection = connections[alias]
    if connection.features.has_select_for_no_key_update:  # an account that is being deleted is waited for
        rows = rows.select_for_update(of=("self",), no_key=True)
    sql, params = rows.query.get_compiler(alias).as_sql()
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(reach.column(Person, name).column)) for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(Person._meta.db_table)} ({columns}) {sql} ON CONFLICT DO NOTHING", params
        )
        return int(cursor.rowcount)


def _read(entry: Entry, path: str, *, now: datetime) -> int:
    """Move the last contact of everybody to the latest that ``path`` says of her; one statement for each way to her."""
    return sum(_forward(rows, entry, path) for rows in _rows_of_hers(entry, path, now=now))


def _rows_of_hers(entry: Entry, path: str, *, now: datetime) -> Iterator[QuerySet[Any]]:
    """The rows of the person that an outer query stands on: by account, by address where the row has none, by uuid."""
    role = entry.main_role
    who = who_of(entry, role)
    past = all_of(limited(entry, role), until_day(entry.model, path, clock.legal_day(now)))
    rows: QuerySet[Any] = statements.rows_of(entry, past)
    if who.user:
        account = follow(entry.model, who.user)
        yield rows.filter(**{account.key: key_of_text(OuterRef("user_key"), account.key_field)})
    for kind, text in who.addresses.items():
        hers = Address.objects.filter(person=OuterRef(OuterRef("pk")), kind=kind, until__isnull=True)
        hers = hers.filter(Q(proven_at__isnull=False) | Q(person__user_key__isnull=True))
        spelled = address_text(kind, text) if kind == PHONE else Lower(text)  # Lower() alone has an index
        free = rows.filter(no_account(entry, role)).alias(rgpd_address=spelled)
        yield free.filter(rgpd_address__in=hers.values("canonical"))
    if who.person:
        uuid = OuterRef("uuid")
        in_text = not isinstance(follow(entry.model, who.person).key_field, UUIDField)
        yield rows.filter(**{who.person: key_text(uuid, UUIDField()) if in_text else uuid})


def _forward(rows: QuerySet[Any], entry: Entry, path: str) -> int:
    latest = rows.order_by().annotate(rgpd_all=Value(1)).values("rgpd_all").annotate(rgpd_last=Max(path))
    said = Subquery(latest.annotate(rgpd_at=_instant(entry, path)).values("rgpd_at"))
    later = Q(last_contact__isnull=True, rgpd_said__isnull=False) | Q(last_contact__lt=F("rgpd_said"))
    return here().filter(erased_at__isnull=True).alias(rgpd_said=said).filter(later).update(last_contact=said)


def _instant(entry: Entry, path: str) -> Combinable:
    """The latest of them as an instant; a mere day's is noon in the legal zone, which no change of the hour moves off the day."""
    if isinstance(follow(entry.model, path).field, DateTimeField):
        return F("rgpd_last")
    noon = datetime(2000, 1, 1, 12, tzinfo=clock.legal_zone())
    ahead = timedelta(hours=12) - (noon.utcoffset() or timedelta())
    midnight = Cast("rgpd_last", DateTimeField())
    return ExpressionWrapper(midnight + Value(ahead, DurationField()), output_field=DateTimeField())


def _bring_along() -> None:
    """People merged into somebody are as old as she is."""
    hers = Subquery(Person.objects.filter(uuid=OuterRef("merged_into")).values("last_contact"))
    merged = Person.objects.filter(merged_into__isnull=False).alias(rgpd_said=hers)
    later = Q(last_contact__isnull=True, rgpd_said__isnull=False) | Q(last_contact__lt=F("rgpd_said"))
    merged.filter(later).update(last_contact=hers)
