"""The SQL that erases: one UPDATE a table, and one DELETE of rows that nothing holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connections, router
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.db.models.sql import Query

from django_rgpd.erasure import references
from django_rgpd.erasure.counting import count
from django_rgpd.erasure.proving import Outcome, returning
from django_rgpd.erasure.reach import Group, Reach, column, erased
from django_rgpd.registry import Entry
from django_rgpd.registry.conditions import ALWAYS, NEVER, all_of, any_of, beside, is_always, is_never, not_

if TYPE_CHECKING:
    from django.db.models import Model
    from django.db.models.expressions import Combinable

    from django_rgpd.registry import Personal


def using(entry: Entry) -> str:
    """The database where the rows of ``entry`` are written."""
    return router.db_for_write(entry.model)


def rows_of(entry: Entry, where: Q) -> QuerySet[Model]:
    """Rows of ``entry``, hidden ones too: any manager of the shop's may leave some out, its base manager as well."""
    query = Query(entry.model)
    if not is_always(where):
        query.add_q(where)
    query.clear_ordering(force=True)
    return QuerySet(entry.model, query=query, using=using(entry))


def rows_in(reach: Reach, condition: Q = ALWAYS) -> QuerySet[Model]:
    """Rows of ``reach`` of which ``condition`` is true.

    Django takes longer to resolve a condition than a database to answer: who counts rows and then changes those very rows asks
    with the same object, and it is resolved once.
    """
    known = reach.asked.get(id(condition))
    if known is None:  # kept with the condition, or another one could get its id
        known = (condition, rows_of(reach.entry, beside(reach.where, condition)))
        reach.asked[id(condition)] = known
    return known[1]


def pending(entry: Entry, groups: tuple[Group, ...]) -> Q:
    """True of rows on which a field falls and does not have its erased form yet."""
    return any_of(*(group.pending(entry) for group in groups))


def going(reach: Reach) -> Q:
    """True of rows whose last personal field falls: hers by this occasion, another person's already.

    A row that is referred to by one that stays is not among them.
    """
    return all_of(reach.where, leaving(reach))


def leaving(reach: Reach) -> Q:
    """What ``going`` asks of the rows of ``reach`` beside their being its rows."""
    entry = reach.entry
    mine = reach.fields
    others = {name: one for name, one in entry.declaration.fields.items() if name not in mine}
    falls = all_of(erased(entry, others), *(group.released for group in reach.groups))
    if is_never(falls):
        return NEVER
    asked = [one for one in references.declared(entry) if one not in reach.freed]
    if not asked:
        return falls
    whole = all_of(reach.where, falls)
    return all_of(falls, *(~one.exists(entry, whole) for one in asked))


def update(reach: Reach) -> Outcome:
    """Give the released fields of ``reach`` their erased form: one UPDATE a table."""
    entry = reach.entry
    tables = _split(entry, tuple(group for group in reach.groups if not group.never))
    leading = _leading(reach)
    if len(tables) > 1 and len(leading) > 1:  # each table's columns lead to the person: by key, then
        keys = list(rows_of(entry, reach.where).values_list("pk", flat=True))
        reach = replace(reach, where=Q(pk__in=keys) if keys else NEVER)
    done = Outcome()
    for table in sorted(tables, key=lambda one: one in leading):  # what leads to the person is cut last
        if table is _table(entry.model):
            done += _update_own(reach, tables[table])
        else:
            done += _update_parent(entry, table, tables[table], reach.where)
    return done


def _update_own(reach: Reach, groups: tuple[Group, ...]) -> Outcome:
    entry = reach.entry
    unstamped = (Q(**{f"{name}__isnull": True}) for name in reach.stamps)
    rows = rows_in(reach, any_of(pending(entry, groups), *unstamped))
    values: dict[str, object] = {
        name: value for group in groups for name, value in _values(entry, group, len(groups)).items()
    }
    values |= {name: Coalesce(name, Value(value)) for name, value in reach.stamps.items()}
    values |= _tombstone(reach)
    if reach.settled and connections[rows.db].vendor == "sqlite":
        # RETURNING makes SQLite (3.40) three times as slow. What is still to be done afterwards was not done.
        changed = rows.update(**values)
        return Outcome(changed, count(rows) if changed else 0)
    proof = not_(pending(entry, groups)) if reach.settled and len(groups) > 1 else _proof(entry, groups)
    done = returning(rows, values, proof)
    if not reach.stamps or reach.counted is None:
        return done
    return replace(done, rows=min(done.rows, reach.counted))  # a row that only got its time has lost nothing


def _leading(reach: Reach) -> set[type[Model]]:
    """The row's own tables whose columns lead to the person."""
    found = set()
    for path in reach.entry.people[reach.role].paths if reach.role in reach.entry.people else ():
        first = path.split("__")[0]
        if first != "pk":
            found.add(_table(column(reach.entry.model, first).model))
    return found


def delete(reach: Reach) -> int:
    """Delete the rows whose last personal field falls; says how many. Links that Django made go before."""
    entry, rows = reach.entry, rows_in(reach, leaving(reach))
    parents = [parent for parent in entry.model._meta.get_parent_list() if not parent._meta.proxy]
    keys = list(rows.values_list("pk", flat=True)) if parents else None
    if keys is not None:  # a row in several tables: once its first part is gone, nothing leads to the others
        rows = rows_of(entry, Q(pk__in=keys))
    for link in references.links(entry):
        far: QuerySet[Any] = QuerySet(link.model, using=rows.db)
        far.filter(**{f"{link.field.name}__in": rows.values(link.field.target_field.attname)})._raw_delete(
            rows.db
        )
    for key in references.nullable(entry):
        far = QuerySet(key.model, using=rows.db)
        far.filter(**{f"{key.field.name}__in": rows.values(key.field.target_field.attname)}).update(
            **{key.field.name: None}
        )
    count = _raw_delete(rows)
    for parent in parents if keys else ():
        _raw_delete(QuerySet(parent, using=rows.db).filter(pk__in=keys))
    return count


def _raw_delete(rows: QuerySet[Model]) -> int:
    return int(rows._raw_delete(rows.db) or 0)


def _values(entry: Entry, group: Group, groups: int) -> dict[str, Combinable]:
    values: dict[str, Combinable] = {}
    for name, personal in group.fields.items():
        target = column(entry.model, name)
        erased_form = personal.erase.value(target)
        if groups > 1 and not group.always:
            erased_form = Case(When(group.released, then=erased_form), default=F(name), output_field=target)
        values[name] = erased_form
    return values


def _proof(entry: Entry, groups: tuple[Group, ...]) -> Q:
    """True of a changed row that has its erased form; where conditions differ only the common fields can
    tell."""
    if len(groups) == 1:
        return groups[0].erased(entry)
    return all_of(*(group.erased(entry) for group in groups if group.always))


def _split(entry: Entry, groups: tuple[Group, ...]) -> dict[type[Model], tuple[Group, ...]]:
    """The groups' fields by the table that holds them: the model's own, and those of its multi-table parents."""
    found: dict[type[Model], list[Group]] = {}
    for group in groups:
        by_table: dict[type[Model], dict[str, Personal]] = {}
        for name, personal in group.fields.items():
            if personal.erase.with_row or not personal.erase.in_sql:  # nothing to write, or rewritten before
                continue
            by_table.setdefault(_table(column(entry.model, name).model), {})[name] = personal
        for table, fields in by_table.items():
            whole = len(fields) == len(group.fields)
            found.setdefault(table, []).append(group if whole else replace(group, fields=fields))
    return {table: tuple(parts) for table, parts in found.items()}


def _table(model: type[Model]) -> type[Model]:
    return model._meta.concrete_model or model


def _update_parent(entry: Entry, parent: type[Model], parts: tuple[Group, ...], where: Q) -> Outcome:
    """Columns of a multi-table parent are addressed by subquery: an update of the child would collect
    keys."""
    done = Outcome()
    for part in parts:
        rows = rows_of(entry, all_of(where, part.released, not_(part.erased(entry))))
        values = {name: personal.erase.value(column(parent, name)) for name, personal in part.fields.items()}
        held: QuerySet[Any] = QuerySet(parent, using=rows.db).filter(pk__in=rows.values("pk"))
        proof = all_of(*(one.erase.erased(column(parent, name)) for name, one in part.fields.items()))
        done += returning(held, values, proof)
    return done


def _tombstone(reach: Reach) -> dict[str, object]:
    """What else an account's row gets where all of it falls and a kept row refers to it: nobody can log in
    to it."""
    model = reach.entry.model
    if model._meta.concrete_model is not get_user_model()._meta.concrete_model:
        return {}
    names = {field.name for field in model._meta.local_concrete_fields}
    values = {"password": Value(make_password(None)), "is_active": Value(False)}
    whole = all_of(*(group.released for group in reach.groups))
    if is_never(whole):
        return {}
    return {
        name: value if is_always(whole) else Case(When(whole, then=value), default=F(name))
        for name, value in values.items()
        if name in names
    }
