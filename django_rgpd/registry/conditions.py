"""Conditions on rows, put together: what is asked of a row itself, whatever tables a path passes through."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db.models import Exists, ForeignKey, OuterRef, Q, QuerySet
from django.db.models.sql import Query

if TYPE_CHECKING:
    from django.db.models import Model

NEVER = Q(pk__in=[])
"""True of no row."""
ALWAYS = ~NEVER
"""True of every row; an empty ``Q()`` would stay true when it is negated."""


def same(one: Q, other: Q) -> bool:
    """Whether both say the same in the same words; where in doubt, not.

    Two Qs ask this of each other by taking both apart, which costs more than all the rest of a rule.
    """
    return one is other or (
        one.connector == other.connector
        and one.negated == other.negated
        and len(one.children) == len(other.children)
        and all(map(_alike, one.children, other.children))
    )


def _alike(one: object, other: object) -> bool:
    if isinstance(one, Q) and isinstance(other, Q):
        return same(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple) and one[1] is other[1]:
        return bool(one[0] == other[0])
    # 1 == True, and in a JSON column they are not the same; nor are they in a list, or in an expression.
    return one is other or (bool(one == other) and repr(one) == repr(other))


def is_never(condition: Q) -> bool:
    """Whether ``condition`` says of itself that it is true of no row."""
    return same(condition, NEVER)


def is_always(condition: Q) -> bool:
    """Whether ``condition`` says of itself that it is true of every row; an empty one does."""
    return not condition.children or same(condition, ALWAYS)


def all_of(*conditions: Q) -> Q:
    """True where every condition is; of no condition at all, everywhere."""
    found: list[Q] = []
    for one in conditions:
        if is_never(one):
            return NEVER
        if not is_always(one) and not any(same(one, other) for other in found):
            found.append(one)
    if not found:
        return ALWAYS
    return found[0] if len(found) == 1 else Q(*found)


def any_of(*conditions: Q) -> Q:
    """True where one condition is; of no condition at all, nowhere."""
    found: list[Q] = []
    for one in conditions:
        if is_always(one):
            return ALWAYS
        if not is_never(one) and not any(same(one, other) for other in found):
            found.append(one)
    if not found:
        return NEVER
    return found[0] if len(found) == 1 else Q(*found, _connector=Q.OR)


def not_(condition: Q) -> Q:
    """True where ``condition`` is not, rows of which it is unknown (NULL) among them."""
    if is_never(condition):
        return ALWAYS
    if is_always(condition):
        return NEVER
    return ~condition


def beside(given: Q, condition: Q) -> Q:
    """Both, without what ``given`` says already: of rows whose column has a value it is always true that not all are NULL."""
    filled = {
        f"{name}__isnull" for name, value in _leaves_of(given) if value is not None and "__" not in name
    }
    parts = [condition] if condition.negated or condition.connector != Q.AND else condition.children
    rest = [part for part in parts if not _says_filled(part, filled)]
    if len(rest) == len(parts):
        return all_of(given, condition)
    return all_of(given, *(part if isinstance(part, Q) else Q(part) for part in rest))


def _says_filled(part: Any, filled: set[str]) -> bool:
    negated = isinstance(part, Q) and part.negated and bool(filled)
    return negated and any(name in filled and value is True for name, value in _leaves_of(~part))


def _leaves_of(condition: Q) -> Iterator[tuple[str, Any]]:
    """What must be true of each row by itself."""
    if condition.negated or condition.connector != Q.AND:
        return
    for child in condition.children:
        if isinstance(child, Q):
            yield from _leaves_of(child)
        elif isinstance(child, tuple):
            yield child


def on_row(model: type[Model], condition: Q, *, few: bool = False) -> Q:
    """``condition`` as it can be asked in an ``UPDATE`` and in ``CASE WHEN``, where nothing may be joined.

    A condition that leaves the row's own table becomes one subquery on the row's key, so that its negation means the same
    for every relation: not true of the row. ``few`` says that it is true of a few rows only (one person's): the subquery then
    gives their keys and the row is looked up, where otherwise each row is asked.
    """
    if is_never(condition) or is_always(condition) or not _leaves(model, condition):
        return condition
    rows = model._base_manager.filter(condition)
    if few:
        return Q(pk__in=rows.values("pk"))
    return Q(Exists(rows.filter(pk=OuterRef("pk"))))


def at_end(model: type[Model], path: str, condition: Callable[[str], Q]) -> Q:
    """True of the few rows at the end of whose ``path`` there is a value of which ``condition`` is true.

    ``condition`` is given the path, or what is left of it behind a key to another table: the rows are then looked up by that
    key, which every database does faster than by a second reading of the row's own table.
    """
    first, _separator, rest = path.partition("__")
    if not rest or first == "pk":
        return on_row(model, condition(path), few=True)
    key = model._meta.get_field(first)
    if not isinstance(key, ForeignKey):
        return on_row(model, condition(path), few=True)
    far: QuerySet[Any] = QuerySet(key.related_model).filter(condition(rest))
    return Q(**{f"{first}__in": far.values(key.target_field.attname)})


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
    return joins(model._base_manager.filter(condition).query) or _refused_in_case(model, condition)


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


def joins(query: Query) -> bool:
    """Whether ``query`` reads more than one table for a row."""
    return sum(1 for count in query.alias_refcount.values() if count) > 1


def _refused_in_case(model: type[Model], condition: Q) -> bool:
    """``CASE WHEN`` refuses a path of two words even where Django would need no join for it (``customer__pk``)."""
    try:
        condition.resolve_expression(Query(model), allow_joins=False)
    except FieldError:
        return True
    return False
