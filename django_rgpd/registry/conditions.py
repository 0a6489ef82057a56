"""Conditions on rows, put together: what is asked of a row itself, whatever tables a path passes through."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db.models import Exists, OuterRef, Q
from django.db.models.sql import Query

if TYPE_CHECKING:
    from django.db.models import Model

NEVER = Q(pk__in=[])
"""True of no row."""
ALWAYS = ~NEVER
"""True of every row; an empty ``Q()`` would stay true when it is negated."""


def all_of(*conditions: Q) -> Q:
    """True where every condition is; of no condition at all, everywhere."""
    found: list[Q] = []
    for one in conditions:
        if one == NEVER:
            return NEVER
        if one != ALWAYS and one != Q() and one not in found:
            found.append(one)
    if not found:
        return ALWAYS
    return found[0] if len(found) == 1 else Q(*found)


def any_of(*conditions: Q) -> Q:
    """True where one condition is; of no condition at all, nowhere."""
    found: list[Q] = []
    for one in conditions:
        if one in (ALWAYS, Q()):
            return ALWAYS
        if one != NEVER and one not in found:
            found.append(one)
    if not found:
        return NEVER
    return found[0] if len(found) == 1 else Q(*found, _connector=Q.OR)


def not_(condition: Q) -> Q:
    """True where ``condition`` is not, rows of which it is unknown (NULL) among them."""
    if condition == NEVER:
        return ALWAYS
    if condition in (ALWAYS, Q()):
        return NEVER
    return ~condition


def on_row(model: type[Model], condition: Q, *, few: bool = False) -> Q:
    """``condition`` as it can be asked in an ``UPDATE`` and in ``CASE WHEN``, where nothing may be joined.

    A condition that leaves the row's own table becomes one subquery on the row's key, so that its negation means the same
    for every relation: not true of the row. ``few`` says that it is true of a few rows only (one person's): the subquery then
    gives their keys and the row is looked up, where otherwise each row is asked.
    """
    if condition in (NEVER, ALWAYS) or not _leaves(model, condition):
        return condition
    rows = model._base_manager.filter(condition)
    if few:
        return Q(pk__in=rows.values("pk"))
    return Q(Exists(rows.filter(pk=OuterRef("pk"))))


_known: dict[tuple[type[Model], Hashable], bool] = {}
"""Model and shape of a condition → whether it leaves the row's table: what is compared with what decides, not the values."""


def _leaves(model: type[Model], condition: Q) -> bool:
    shape = _shape(condition)
    if shape is None:
        return _found_to_leave(model, condition)
    if (model, shape) not in _known:
        _known[model, shape] = _found_to_leave(model, condition)
    return _known[model, shape]


def _found_to_leave(model: type[Model], condition: Q) -> bool:
    return _joins(model._base_manager.filter(condition).query) or _refused_in_case(model, condition)


def _shape(condition: Any) -> Hashable:
    """The lookups of a condition without their values; None where an expression among them may lead anywhere."""
    parts: list[Hashable] = [condition.connector, condition.negated]
    for child in condition.children:
        if isinstance(child, Q):
            part = _shape(child)
        elif isinstance(child, tuple) and _is_plain(child[1]):
            # A relation that is compared with None, or asked whether it is NULL, is joined otherwise than one with a key.
            part = (child[0], child[1] if child[1] is None or isinstance(child[1], bool) else type(child[1]))
        else:
            part = None
        if part is None:
            return None
        parts.append(part)
    return tuple(parts)


def _is_plain(value: object) -> bool:
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return all(_is_plain(one) for one in value)
    return not hasattr(value, "resolve_expression") and not hasattr(value, "query")


def _joins(query: Query) -> bool:
    return sum(1 for count in query.alias_refcount.values() if count) > 1


def _refused_in_case(model: type[Model], condition: Q) -> bool:
    """``CASE WHEN`` refuses a path of two words even where Django would need no join for it (``customer__pk``)."""
    try:
        condition.resolve_expression(Query(model), allow_joins=False)
    except FieldError:
        return True
    return False
