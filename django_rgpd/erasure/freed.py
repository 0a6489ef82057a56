"""References to an account that are known to be gone, so that its DELETE need not ask every table once more.

The account's row is locked while it is erased: whoever begins to refer to it waits, since the database checks the new
reference against that row. Where the plan counted under that lock the rows that are hers by such a reference, and one
statement took or changed every one of them, none is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Q

from django_rgpd.erasure.references import Reference
from django_rgpd.registry import Null

if TYPE_CHECKING:
    from django_rgpd.erasure.proving import Outcome
    from django_rgpd.erasure.reach import Reach
    from django_rgpd.registry import Subject


def knowing(reach: Reach, subject: Subject, freed: Iterable[Reference]) -> Reach:
    """``reach``, with what is ``freed`` where it is the account of ``subject`` itself."""
    table = get_user_model()._meta.concrete_model
    if reach.entry.model._meta.concrete_model is not table or not _says(reach.where, "pk", subject.user_key):
        return reach
    return replace(reach, freed=frozenset(freed))


def freed_by(reach: Reach, subject: Subject, outcome: Outcome, deleted: int) -> set[Reference]:
    """The reference that no row has any more, now that ``reach`` was released: one, or none that is known for sure."""
    reference = _reference(reach, subject)
    by_hand = reach.entry.declaration.row_by_row  # what save() and delete() do is the shop's own
    if reference is None or by_hand or reach.counted is None or not all(one.always for one in reach.groups):
        return set()
    field = reach.fields.get(reference.field.name)
    cut = field is not None and isinstance(field.erase, Null) and not outcome.unproven
    gone = reach.deletes and deleted == reach.counted
    return {reference} if cut or gone else set()


def _reference(reach: Reach, subject: Subject) -> Reference | None:
    """The key by which exactly the rows of ``reach`` refer to the account, where the database checks it."""
    path = reach.entry.people[reach.role].user
    if path is None or subject.user_key is None or not _says(reach.where, path, subject.user_key):
        return None
    try:
        field = reach.entry.model._meta.get_field(path)
    except FieldDoesNotExist:
        return None
    own = field.model._meta.concrete_model is reach.entry.model._meta.concrete_model
    checked = isinstance(field, ForeignKey) and getattr(field, "db_constraint", False)
    return Reference(field.model, field) if own and checked else None  # type: ignore[arg-type]


def _says(where: Q, path: str, key: object) -> bool:
    """Whether ``where`` is this one comparison."""
    return not where.negated and where.children == [(path, key)]
