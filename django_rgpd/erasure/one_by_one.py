"""Rows that SQL alone cannot release: a value rewritten by a function, a model whose own signals must
fire."""

from __future__ import annotations

from django.db.models import Model, Q

from django_rgpd.core.failures import foreign
from django_rgpd.erasure import statements
from django_rgpd.erasure.proving import Outcome
from django_rgpd.erasure.reach import Group, Reach, column
from django_rgpd.registry import Entry, Rewrite
from django_rgpd.registry.conditions import all_of, not_

_CHUNK = 500


def walks(entry: Entry) -> bool:
    """Whether rows of ``entry`` are read and written one by one, which takes far longer than one UPDATE."""
    declared = entry.declaration
    return declared.row_by_row or any(isinstance(one.erase, Rewrite) for one in declared.fields.values())


def rewrite(reach: Reach) -> Outcome:
    """Give each released value under ``Rewrite`` its new form."""
    changed = 0
    for group in reach.groups:
        for name, personal in group.fields.items():
            if isinstance(personal.erase, Rewrite) and not group.never:
                changed += _rewrite(reach, group, name, personal.erase)
    return Outcome(changed)


def carry_out(reach: Reach) -> tuple[Outcome, int]:
    """Release by the model's own ``save()`` and ``delete()``, row by row."""
    deleted = 0
    if reach.deletes:
        for row in statements.rows_of(reach.entry, statements.going(reach)).iterator(chunk_size=_CHUNK):
            with foreign(reach.entry.label):
                row.delete()
            deleted += 1
    outcome = rewrite(reach)
    return outcome + Outcome(_save(reach)), deleted


def _save(reach: Reach) -> int:
    """Each row once, by the keys read before the first is saved: what leads to the person may be among the fields."""
    entry = reach.entry
    names: dict[object, list[str]] = {}
    for group in reach.groups:
        fields = [name for name, one in group.fields.items() if one.erase.in_sql and not one.erase.with_row]
        if fields and not group.never:
            pending = all_of(reach.where, group.released, not_(group.erased(entry)))
            for key in statements.rows_of(entry, pending).values_list("pk", flat=True):
                names.setdefault(key, []).extend(fields)
    for key, fields in names.items():
        row: Model = statements.rows_of(entry, Q(pk=key)).get()
        for name in fields:
            target = column(entry.model, name)
            setattr(row, target.attname, entry.declaration.fields[name].erase.value(target))
        with foreign(entry.label):
            row.save(update_fields=fields)
    return len(names)


def _rewrite(reach: Reach, group: Group, name: str, action: Rewrite) -> int:
    rows = statements.rows_of(reach.entry, all_of(reach.where, group.released, not_(action.done)))
    values = list(rows.values_list("pk", name))
    for key, value in values:
        with foreign(f"{reach.entry.label}.{name}"):
            new = action.function(value)
        statements.rows_of(reach.entry, Q(pk=key)).update(**{name: new})
    return len(values)
