"""The rehearsal: an erasure tried in a savepoint and rolled back, so that the database's constraints speak
before a customer."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import router, transaction
from django.db.models import Q, QuerySet

from django_rgpd.core.errors import RgpdError
from django_rgpd.erasure import statements
from django_rgpd.erasure.failures import EngineFailed, wrapped
from django_rgpd.erasure.plan import plan
from django_rgpd.erasure.reach import Group, Reach, entries
from django_rgpd.erasure.release import carry_out, release
from django_rgpd.policy import Occasion
from django_rgpd.registry import Entry, KeepFacts, Subject, people
from django_rgpd.registry.conditions import ALWAYS
from django_rgpd.registry.order import children_first

SIDE_BY_SIDE = 100
"""Rows of a model that are erased together, so that a unique constraint over several columns can speak."""


class _Undo(Exception):
    """Rolls the rehearsal back."""


def rehearse(*, now: datetime) -> list[str]:
    """What would go wrong, as sentences without a personal value; empty where all is well. Nothing is
    changed.

    The whole erasure of one customer is tried, then each declared model's erased form on some rows of it.
    """
    problems: list[str] = []
    alias = router.db_for_write(get_user_model())
    try:
        with transaction.atomic(using=alias):
            problems = [*_person(alias, now=now), *_rows(alias, now=now)]
            raise _Undo
    except _Undo:
        return problems


def _person(alias: str, *, now: datetime) -> list[str]:
    user = _somebody()
    if user is None:
        return []
    try:
        with wrapped("Erasing a customer"), transaction.atomic(using=alias):
            subject: Subject = people.subject_of(user, now=now)
            blocked = plan(subject, now=now).blocked
            if blocked:
                return [f"{one.reference} refers to rows that go, and is not declared." for one in blocked]
            release(subject, Occasion.ERASURE, now=now, choices={})
            _immediately(alias)
    except RgpdError as error:
        return [str(error)]
    return []


def _rows(alias: str, *, now: datetime) -> list[str]:
    found = []
    for entry in children_first(entries()):
        if statements.using(entry) != alias:
            continue
        reach = _some_rows(entry)
        if reach is None:
            continue
        try:
            with wrapped(entry.label), transaction.atomic(using=alias):
                outcome, _deleted = carry_out(reach, Occasion.ERASURE, now=now)
                _immediately(alias)
            if outcome.unproven:
                found.append(
                    f"{entry.label}: a row does not keep its erased form; does a trigger write it again?"
                )
        except EngineFailed as error:
            found.append(str(error))
    return found


def _some_rows(entry: Entry) -> Reach | None:
    """A row of a model whose rows go; several where they stay, erased side by side: two may become the same."""
    number = SIDE_BY_SIDE if isinstance(entry.declaration.at_end, KeepFacts) else 1
    keys = list(QuerySet(entry.model).order_by("pk").values_list("pk", flat=True)[:number])
    if not keys:
        return None
    whole = Group(released=ALWAYS, fields=dict(entry.declaration.fields))
    return Reach(entry=entry, role=entry.main_role, where=Q(pk__in=keys), groups=(whole,), deletes=False)


def _somebody() -> object | None:
    model = get_user_model()
    rows = model._base_manager.order_by("-pk")
    for name in ("is_staff", "is_superuser"):
        if any(field.name == name for field in model._meta.fields):
            rows = rows.filter(**{name: False})
    return rows.first()


def _immediately(alias: str) -> None:
    connection = transaction.get_connection(alias)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
