"""How a column's value is written in an export: JSON that all parsers read alike (RFC 8259, RFC 7493)."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from typing import Any, TypeAlias
from uuid import UUID

from django.utils.duration import duration_iso_string
from django.utils.functional import Promise

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

LARGEST = 2**53 - 1
"""The largest whole number that every parser keeps exact (RFC 7493, 2.2); larger ones are written as text."""

_LONGEST_PLAIN = 60
_TOO_DEEP = "(nested too deeply to be written)"


def text(value: object) -> str:
    """``value`` as JSON text."""
    writer = WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    return dumps(plain(value))


def texts(column: Sequence[object]) -> list[str]:
    """The values of one column as JSON text; many of a kind take less than each by itself."""
    kinds = set(map(type, column))
    if len(kinds) == 1:
        kind = kinds.pop()
        whole = _COLUMNS.get(kind)
        return list(map(WRITERS.get(kind, text), column)) if whole is None else whole(column)
    find = WRITERS.get
    return [find(type(cell), text)(cell) for cell in column]


def plain(value: object) -> Json:
    """``value`` as what JSON knows: amounts and large numbers as text, instants in UTC, bytes in base64."""
    try:
        return _plain(value)
    except RecursionError:
        return _TOO_DEEP


def dumps(value: Json) -> str:
    """JSON text of what ``plain`` returned."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def encoded(text: str) -> bytes:
    """``text`` in UTF-8; half of a surrogate pair, which no text may hold, becomes a question mark."""
    return text.encode("utf-8", "replace")


def _plain(value: object) -> Json:
    if value is None or isinstance(value, bool):
        return value
    for kind, reader in _READERS:
        if isinstance(value, kind):
            return reader(value)
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(inner) for key, inner in value.items()}
    if hasattr(value, "lower") and hasattr(value, "upper") and hasattr(value, "bounds"):
        return _range(value)
    if isinstance(value, Iterable):
        return [_plain(inner) for inner in value]
    return str(value)


def _whole(value: int) -> Json:
    if -LARGEST <= value <= LARGEST:
        return int(value)
    try:
        return str(int(value))
    except ValueError:  # Python writes no more than 4 300 digits in base ten
        return hex(value)


def _float(value: float) -> Json:
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> str:
    written = str(value)
    if "E" not in written:
        return written
    if value.is_finite() and abs(value.adjusted()) < _LONGEST_PLAIN:
        return format(value, "f")
    return written


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    if value.tzinfo is UTC:
        return value.isoformat()[:-6] + "Z"
    try:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:  # the first and the last day of the calendar, in another zone
        return value.isoformat()


def _wholes(column: Sequence[int]) -> list[str]:
    if min(column) >= -LARGEST and max(column) <= LARGEST:
        return list(map(str, column))
    return list(map(WRITERS[int], column))


def _decimals(column: Sequence[Decimal]) -> list[str]:
    written = list(map(str, column))
    if "E" in "".join(written):
        written = list(map(_decimal, column))
    return [f'"{one}"' for one in written]


def _instants(column: Sequence[datetime]) -> list[str]:
    if all(one.tzinfo is UTC for one in column):  # as Django reads every column
        return [f'"{one.isoformat()[:-6]}Z"' for one in column]
    return list(map(WRITERS[datetime], column))


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return base64.b64encode(bytes(value)).decode("ascii")


def _range(value: object) -> Json:
    ends = {name: _plain(getattr(value, name)) for name in ("lower", "upper")}
    return {**ends, "bounds": str(getattr(value, "bounds", "") or "empty")}


_READERS: tuple[tuple[type | tuple[type, ...], Callable[..., Json]], ...] = (
    (Promise, str),
    (Enum, lambda value: _plain(value.value)),
    (str, lambda value: str.__str__(value)),
    (int, _whole),
    (float, _float),
    (Decimal, _decimal),
    (datetime, _instant),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, duration_iso_string),
    (UUID, str),
    ((bytes, bytearray, memoryview), _bytes),
)

WRITERS: dict[type, Callable[..., str]] = {
    str: encode_basestring,
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: lambda value: str(value) if -LARGEST <= value <= LARGEST else dumps(_whole(value)),
    Decimal: lambda value: f'"{_decimal(value)}"',
    datetime: lambda value: f'"{_instant(value)}"',
    date: lambda value: f'"{value.isoformat()}"',
    UUID: lambda value: f'"{value}"',
}
"""What nearly every cell is, by its exact type, without a detour."""

_COLUMNS: dict[type, Callable[[Any], list[str]]] = {
    str: lambda column: list(map(encode_basestring, column)),
    int: _wholes,
    Decimal: _decimals,
    datetime: _instants,
}
"""What whole columns are, by the exact type of all their cells: what is asked of each cell is asked once."""
