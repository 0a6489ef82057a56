"""What happens to a field that is released, and what its erased form looks like in SQL.

Each action gives the value that an ``UPDATE`` sets and the condition that says "already erased", so that a second run
changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import F, FileField, JSONField, Q, Value

from django_rgpd.registry.columns import stored_as, unique_by_itself
from django_rgpd.registry.conditions import ALWAYS
from django_rgpd.registry.expressions import ERASED_DOMAIN, RandomAddress, SqlNull

if TYPE_CHECKING:
    from django.db.models import Field
    from django.db.models.expressions import Combinable

    AnyField = Field[Any, Any]

SHORTEST_PLACEHOLDER = len(f"@{ERASED_DOMAIN}") + 16
"""Characters that a column must hold for a placeholder to be unique by chance (64 random bits)."""

_DERIVATIVE = re.compile(r"\{(?:name|stem)\}[^\w{}]")
"""The file's name, and then something that ends it: "photos/1" begins the name of "photos/10.jpg" too."""

SAME_FOR_ALL = "the column is unique, and two erased rows would be the same: use Null() or Placeholder()"


@dataclass(frozen=True, slots=True)
class Action:
    """One way to erase a column."""

    in_sql: ClassVar[bool] = True
    """Whether one UPDATE carries it out; others need each row."""
    removes_file: ClassVar[bool] = False
    """Whether a stored file goes with the column's value."""
    with_row: ClassVar[bool] = False
    """Whether the column keeps its value until the whole row goes."""

    def value(self, field: AnyField) -> Combinable:
        """The expression that an UPDATE sets ``field`` to."""
        raise NotImplementedError

    def erased(self, field: AnyField) -> Q:
        """True of rows in which ``field`` has its erased form."""
        raise NotImplementedError

    def example(self, field: AnyField) -> object | None:
        """A value such as an erased column has, for the column's validators; None where none of them is asked."""
        return None

    def problems(self, field: AnyField) -> list[str]:
        """Why the column cannot take this action, in words that say what to do; empty where it can."""
        if getattr(field, "generated", False):
            return ["the database computes this column: declare the columns that it is made of"]
        return self._problems(field) or self._refused(field)

    def _problems(self, field: AnyField) -> list[str]:
        raise NotImplementedError

    def _refused(self, field: AnyField) -> list[str]:
        """A row that keeps what its validators refuse could be saved in no form any more."""
        example = self.example(field)
        if example is None:
            return []
        try:
            field.run_validators(example)
        except ValidationError:
            return ["the column's validators refuse the erased form"]
        return []


def _empty(field: AnyField, form: Q) -> Q:
    """``form``, or nothing at all in a column that may be NULL: there is no value left to erase."""
    return form | Q(**{f"{field.name}__isnull": True}) if field.null else form


@dataclass(frozen=True, slots=True)
class Null(Action):
    """``NULL``."""

    def value(self, field: AnyField) -> Combinable:
        """SQL's NULL, for JSON columns too."""
        return SqlNull(None, output_field=stored_as(field))

    def erased(self, field: AnyField) -> Q:
        """``IS NULL``."""
        return Q(**{f"{field.name}__isnull": True})

    def _problems(self, field: AnyField) -> list[str]:
        if field.null:
            return []
        return ["the column is NOT NULL: use Blank(), Placeholder() or Fixed(), or let it be null"]


@dataclass(frozen=True, slots=True)
class Fixed(Action):
    """A value that says nothing of anybody; the same for all."""

    to: object

    def value(self, field: AnyField) -> Combinable:
        """The value, as the column stores it."""
        return Value(self.to, output_field=stored_as(field)) if self.to is not None else Null().value(field)

    def erased(self, field: AnyField) -> Q:
        """Equality."""
        return Q(**{field.name: self.to}) if self.to is not None else Null().erased(field)

    def example(self, field: AnyField) -> object | None:
        """The value."""
        return self.to

    def _problems(self, field: AnyField) -> list[str]:
        if self.to is None:
            return Null().problems(field)
        found = []
        if unique_by_itself(field):
            found.append(
                "the column is unique, and a fixed value is the same for all: use Null() or Placeholder()"
            )
        length = getattr(field, "max_length", None)
        if length and isinstance(self.to, str) and len(self.to) > length:
            found.append(f"the value is longer than the column's {length} characters")
        if field.choices and self.to not in {value for value, _ in field.flatchoices}:
            found.append("the value is none of the column's choices")
        try:
            field.to_python(self.to)
        except (ValidationError, TypeError, ValueError):
            found.append(f"the value is nothing that a {type(field).__name__} holds")
        return found


@dataclass(frozen=True, slots=True)
class Blank(Action):
    """The empty text."""

    def value(self, field: AnyField) -> Combinable:
        """The empty text."""
        return Value("", output_field=field)

    def erased(self, field: AnyField) -> Q:
        """``= ''``, or NULL in a column that may be."""
        return _empty(field, Q(**{field.name: ""}))

    def _problems(self, field: AnyField) -> list[str]:
        found = []
        if not field.empty_strings_allowed:
            found.append(f"a {type(field).__name__} cannot be empty text: use Null() or Fixed()")
        if unique_by_itself(field):
            found.append(SAME_FOR_ALL)
        return found


@dataclass(frozen=True, slots=True)
class Placeholder(Action):
    """A random address under ``erased.invalid``, not derivable from the row; for unique or mandatory addresses.

    The database draws it, each row its own.
    """

    def value(self, field: AnyField) -> Combinable:
        """An expression that is another address in each row."""
        return RandomAddress(length=field.max_length, output_field=field)

    def erased(self, field: AnyField) -> Q:
        """``LIKE '%@erased.invalid'``; a column without any value counts too."""
        return _empty(field, Q(**{f"{field.name}__endswith": f"@{ERASED_DOMAIN}"}) | Q(**{field.name: ""}))

    def example(self, field: AnyField) -> object | None:
        """One such address."""
        tail = f"@{ERASED_DOMAIN}"
        digits = min(32, (field.max_length or 64) - len(tail))
        return "a1" * (digits // 2) + tail

    def _problems(self, field: AnyField) -> list[str]:
        if not field.empty_strings_allowed or isinstance(field, FileField):
            return [f"a {type(field).__name__} holds no address: use Null() or Fixed()"]
        if field.max_length and field.max_length < SHORTEST_PLACEHOLDER:
            return [f"the column is shorter than a placeholder ({SHORTEST_PLACEHOLDER} characters)"]
        if field.choices:
            return ["a placeholder is none of the column's choices: use Null() or Fixed()"]
        return []


@dataclass(frozen=True, slots=True)
class EmptyJson(Action):
    """An empty JSON object or list, by what the column's default is; an empty array or hstore."""

    def value(self, field: AnyField) -> Combinable:
        """``{}`` or ``[]``."""
        return Value(self._empty_form(field), output_field=field)

    def erased(self, field: AnyField) -> Q:
        """Equality with the empty form, or NULL in a column that may be."""
        return _empty(field, Q(**{field.name: self._empty_form(field)}))

    def _empty_form(self, field: AnyField) -> list[object] | dict[str, object]:
        if not isinstance(field, JSONField):
            return [] if field.get_internal_type() == "ArrayField" else {}
        return [] if isinstance(field.get_default(), list) else {}

    def _problems(self, field: AnyField) -> list[str]:
        if isinstance(field, JSONField) or field.get_internal_type() in {"ArrayField", "HStoreField"}:
            return []
        return [f"a {type(field).__name__} holds no JSON: use Blank(), Null() or Fixed()"]


@dataclass(frozen=True, slots=True)
class DeleteFile(Action):
    """The stored file goes (after the commit, by the outbox) and the column becomes empty.

    ``derivatives``: how the names of what was made of it begin, thumbnails say, in the same storage. ``{name}`` is the file's
    own name and ``{stem}`` the same without its extension: ``"{name}."``, ``"__sized__/{stem}-"``, ``"CACHE/{stem}/"``.
    """

    derivatives: tuple[str, ...] = ()

    removes_file: ClassVar[bool] = True

    def value(self, field: AnyField) -> Combinable:
        """The empty name."""
        return Value("", output_field=field)

    def erased(self, field: AnyField) -> Q:
        """No name."""
        return _empty(field, Q(**{field.name: ""}))

    def _problems(self, field: AnyField) -> list[str]:
        if not isinstance(field, FileField):
            return [f"a {type(field).__name__} holds no file: use another action"]
        wrong = [one for one in self.derivatives if not _DERIVATIVE.search(one)]
        found = [
            f"{one!r} would begin other files' names too: go on after {{name}} or {{stem}}" for one in wrong
        ]
        return [*found, SAME_FOR_ALL] if unique_by_itself(field) else found


@dataclass(frozen=True, slots=True)
class Rewrite(Action):
    """A function of the old value, for what SQL cannot say; each row is read and written.

    ``function`` takes the old value and returns the new one. ``done`` is true of rows that were rewritten, or hold nothing to
    rewrite: without it a second run could not be a no-op.
    """

    function: Callable[[Any], Any]
    done: Q

    in_sql: ClassVar[bool] = False

    def value(self, field: AnyField) -> Combinable:
        """Raises ``TypeError``: there is no expression; call ``function`` with the value of each row."""
        msg = "Rewrite() is no SQL expression: each row is read and written."
        raise TypeError(msg)

    def erased(self, field: AnyField) -> Q:
        """What the shop says it looks like."""
        return self.done

    def _problems(self, field: AnyField) -> list[str]:
        return [] if callable(self.function) else ["Rewrite() takes a function of the old value"]


@dataclass(frozen=True, slots=True)
class WithRow(Action):
    """Nothing is written: the value goes when the row does, which ``at_end = DeleteRow()`` says.

    For rows that have nothing else to erase, such as a favourite: only a key to the person and one to the
    product.
    """

    with_row: ClassVar[bool] = True

    def value(self, field: AnyField) -> Combinable:
        """The column as it is."""
        return F(field.name)

    def erased(self, field: AnyField) -> Q:
        """True of every row: there is nothing to write, so that nothing is left to write."""
        return ALWAYS

    def _problems(self, field: AnyField) -> list[str]:
        return []
