"""Rows that SQL alone cannot release: a value rewritten by a function, a model whose own signals must
fire."""

from __future__ import annotations

from django.db.models import Model

from django_rgpd.erasure import statements
from django_rgpd.erasure.reach import Group, Reach, column
from django_rgpd.erasure.statements import Outcome
from django_rgpd.registry import Rewrite
from django_rgpd.registry.conditions import all_of, not_

_CHUNK = 500


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
            row.delete()
            deleted += 1
    outcome = rewrite(reach)
    changed: set[object] = set()
    for group in reach.groups:
        if not group.never:
            changed |= _save(reach, group)
    return outcome + Outcome(len(changed)), deleted


def _save(reach: Reach, group: Group) -> set[object]:
    entry = reach.entry
    pending = all_of(reach.where, group.released, not_(group.erased(entry)))
    fields = {name: one for name, one in group.fields.items() if one.erase.in_sql and not one.erase.with_row}
    keys = list(statements.rows_of(entry, pending).values_list("pk", flat=True)) if fields else []
    for key in keys:
        row: Model = entry.model._base_manager.using(statements.using(entry)).get(pk=key)
        for name, personal in fields.items():
            setattr(row, name, personal.erase.value(column(entry.model, name)))
        row.save(update_fields=list(fields))
    return set(keys)


def _rewrite(reach: Reach, group: Group, name: str, action: Rewrite) -> int:
    rows = statements.rows_of(reach.entry, all_of(reach.where, group.released, not_(action.done)))
    values = list(rows.values_list("pk", name))
    for key, value in values:
        new = action.function(value)
        reach.entry.model._base_manager.using(rows.db).filter(pk=key).update(**{name: new})
    return len(values)
