"""Walking an audience by pages while it changes: by time, and within one second by number.

``GET /lists/{id}/members`` pages by offset alone; who changes meanwhile moves to the end, and everybody after her moves up onto a
page that was read already. So the next page begins at the time of the last one's end, and only a second with more members
than a page is walked by offset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_variables

from django_rgpd.processors.base import Member, Members, Standing, Unreachable

COUNT = 1_000
"""The most that they give at once; the client refuses more."""

_SECOND = timedelta(seconds=1)
_STATUSES: dict[str, tuple[str, ...]] = {
    Standing.LEFT: ("unsubscribed", "archived"),
    Standing.UNREACHABLE: ("cleaned",),
    Standing.WRITTEN_TO: ("subscribed",),
}
_STANDINGS = {status: Standing(one) for one, statuses in _STATUSES.items() for status in statuses}
_FIELDS = ["members.email_address", "members.status", "members.last_changed"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: the statuses still to be walked, the first of them under way; the time, and the number after it."""

    statuses: tuple[str, ...]
    first: str
    since: str
    offset: int = 0

    @classmethod
    def read(cls, page: Mapping[str, object]) -> Place | None:
        """The place that ``page`` describes; None where there is nothing to walk."""
        first = str(page.get("first", page.get("since", "")) or "")
        statuses = page.get("statuses")
        if not isinstance(statuses, Sequence):
            wanted = page.get("standings")
            kinds = wanted if isinstance(wanted, list | tuple) else list(_STATUSES)
            statuses = [one for kind in kinds for one in _STATUSES.get(str(kind), ())]
        offset = page.get("offset", 0)
        if not statuses:
            return None
        known = tuple(str(one) for one in statuses)
        return cls(known, first, str(page.get("since") or ""), offset if isinstance(offset, int) else 0)

    def query(self) -> dict[str, object]:
        """The call's parameters."""
        since = {"since_last_changed": self.since} if self.since else {}
        walked = {"sort_field": "last_changed", "sort_dir": "ASC", "count": COUNT, "offset": self.offset}
        return {"status": self.statuses[0], "fields": _FIELDS, **walked, **since}

    @sensitive_variables()
    def page(self, told: object) -> Members:
        """The members that they told, and the place after them. Raises ``Unreachable`` for an answer that is none."""
        if not isinstance(told, list):
            raise Unreachable
        members = tuple(_member(one) for one in told if isinstance(one, dict))
        return Members(members=members, next=self._after(members))

    def _after(self, members: Sequence[Member]) -> dict[str, object]:
        if len(members) < COUNT:
            rest = list(self.statuses[1:])
            return {"statuses": rest, "first": self.first, "since": self.first, "offset": 0} if rest else {}
        last, here = members[-1].changed_at, _instant(self.since)
        walked = {"statuses": list(self.statuses), "first": self.first}
        if last is not None and (here is None or last - _SECOND > here):
            return {**walked, "since": (last - _SECOND).isoformat(), "offset": 0}
        return {**walked, "since": self.since, "offset": self.offset + len(members)}


@sensitive_variables()
def _member(told: Mapping[str, object]) -> Member:
    return Member(
        address=str(told.get("email_address", "")),
        standing=_STANDINGS.get(str(told.get("status", "")), Standing.OTHER),
        changed_at=_instant(str(told.get("last_changed", ""))),
    )


def _instant(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
