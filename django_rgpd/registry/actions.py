"""What happens to a field that is released, and what its erased form looks like in SQL.

Each action gives the value that an ``UPDATE`` sets and the condition that says "already erased", so that a second run
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from django.db.models import Q, Value

if TYPE_CHECKING:
    from django.db.models import Field
    from django.db.models.expressions import Combinable

    AnyField = Field[object, object]

ERASED_DOMAIN = "erased.invalid"


@dataclass(frozen=True, slots=True)
class Action:
    """One way to erase a column."""

    in_sql: ClassVar[bool] = True
    """Whether one UPDATE carries it out; others need each row."""

    def value(self, field: AnyField) -> Combinable:
        """The expression that an UPDATE sets ``field`` to."""
        raise NotImplementedError

    def erased(self, field: AnyField) -> Q:
        """True of rows in which ``field`` has its erased form."""
        raise NotImplementedError

    def problems(self, field: AnyField) -> list[str]:
        """Why the column cannot take this action, in words that say what to do; empty where it can."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Null(Action):
    """``NULL``."""

    def value(self, field: AnyField) -> Combinable:
        return Value(None, output_field=field)

    def erased(self, field: AnyField) -> Q:
        return Q(**{f"{field.name}__isnull": True})

    def problems(self, field: AnyField) -> list[str]:
        return (
            []
            if field.null
            else ["the column is NOT NULL: use Blank(), Placeholder() or Fixed(), or let it be null"]
        )


@dataclass(frozen=True, slots=True)
class Fixed(Action):
    """A value that says nothing of anybody; the same for all."""

    to: object

    def value(self, field: AnyField) -> Combinable:
        return Value(self.to, output_field=field)

    def erased(self, field: AnyField) -> Q:
        return Q(**{field.name: self.to})

    def problems(self, field: AnyField) -> list[str]:
        found = []
        if field.unique:
            found.append(
                "the column is unique, and a fixed value is the same for all: use Null() or Placeholder()"
            )
        length = getattr(field, "max_length", None)
        if length and isinstance(self.to, str) and len(self.to) > length:
            found.append(f"the value is longer than the column's {length} characters")
        if field.choices and self.to not in {value for value, _ in field.flatchoices}:
            found.append("the value is none of the column's choices")
        return found


@dataclass(frozen=True, slots=True)
class Blank(Action):
    """The empty text."""

    def value(self, field: AnyField) -> Combinable:
        return Value("", output_field=field)

    def erased(self, field: AnyField) -> Q:
        return Q(**{field.name: ""})

    def problems(self, field: AnyField) -> list[str]:
        found = []
        if not field.empty_strings_allowed:
            found.append(f"a {type(field).__name__} cannot be empty text: use Null()")
        if field.unique:
            found.append(
                "the column is unique, and two erased rows would be the same: use Null() or Placeholder()"
            )
        return found


@dataclass(frozen=True, slots=True)
class Placeholder(Action):
    """A random address under ``erased.invalid``, not derivable from the row; for unique or mandatory addresses."""

    def value(self, field: AnyField) -> Combinable:
        raise NotImplementedError

    def erased(self, field: AnyField) -> Q:
        return Q(**{f"{field.name}__endswith": f"@{ERASED_DOMAIN}"})

    def problems(self, field: AnyField) -> list[str]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class EmptyJson(Action):
    """An empty JSON object or list, by what the column's default is."""


@dataclass(frozen=True, slots=True)
class DeleteFile(Action):
    """The stored file goes (after the commit, by the outbox) and the column becomes empty."""


@dataclass(frozen=True, slots=True)
class Rewrite(Action):
    """A function of the old value, for what SQL cannot say; each row is read and written."""
