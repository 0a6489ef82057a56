"""Ranges of a table by its key: a long job is cut into them, each a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db.models import Q

from django_rgpd.erasure.statements import rows_of
from django_rgpd.registry.conditions import ALWAYS

if TYPE_CHECKING:
    from django_rgpd.registry import Entry

SIZE = 10_000
"""Rows of a range: large enough to cost what one statement over the table costs, small enough to hold no lock for long."""


def ranges(entry: Entry, *, size: int = SIZE) -> Iterator[Q]:
    """The table of ``entry`` in ranges of ``size`` rows by its primary key, one short query each; a small table is one."""
    last: object | None = None
    while True:
        ahead = Q() if last is None else Q(pk__gt=last)
        keys = rows_of(entry, ahead).order_by("pk").values_list("pk", flat=True)
        end = next(iter(keys[size - 1 : size]), None)
        if end is None:
            yield ALWAYS if last is None else ahead
            return
        yield ahead & Q(pk__lte=end)
        last = end
