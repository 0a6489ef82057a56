"""Who gets a mailing, against a plain indexed flag on the person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from django_rgpd.consent.audience import audience as audience_of
from django_rgpd.consent.models import ConsentState, Standing
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.lines.consenting import AGREED, flag
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import Reader

PAGE = 1_000
PAGES = 20


def audience(size: Size) -> Iterator[Measured]:
    """Two of five people agreed; three in ten agreed to something else as well."""
    rows.empty()
    uuid = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    rows.insert(Reader, size.rows, {"uuid": rows.Sql(uuid), "agreed": rows.Sql(flag(AGREED))})
    _consents(size.rows, uuid)
    rows.settled()
    floor = Reader.objects.filter(agreed=True).order_by("pk").values_list("pk", "uuid", "email")
    candidate = audience_of("newsletter", "email", now=rows.NOW).values_list("pk", "person", "address")
    assert floor.count() == candidate.count() == size.rows * 2 // 5
    target = 1.5 if connection.vendor == "postgresql" else None
    yield compare(
        "audience of a mailing, all fetched", rows=size.rows,
        floor=lambda: list(floor.all()), candidate=lambda: list(_asked()), rounds=size.rounds_of_many, target=target,
    )  # fmt: skip
    middle = floor[size.rows // 5][0], candidate[size.rows // 5][0]
    yield compare(
        f"{PAGES} pages of {PAGE:,} of it".replace(",", " "), rows=size.rows,
        floor=lambda: _pages(floor, middle[0]), candidate=lambda: _pages(_asked(), middle[1]),
        rounds=size.rounds, target=target,
    )  # fmt: skip


def _asked() -> QuerySet[Any]:
    return audience_of("newsletter", "email", now=rows.NOW).values_list("pk", "person", "address")


def _pages(found: QuerySet[Any], last: int) -> None:
    """Read on from the middle by key, as a task of many does."""
    for _page in range(PAGES):
        page = list(found.filter(pk__gt=last)[:PAGE])
        if not page:
            return
        last = page[-1][0]


def _consents(count: int, uuid: str) -> None:
    address = rows.TEXTS["email"]
    given: dict[str, object] = {
        "site": 1,
        "person": rows.Sql(uuid),
        "channel": "email",
        "since": rows.RECENT,
        "expires_at": None,
        "event": rows.Sql(uuid),
        "wording": None,
        "language": "en",
        "silent_until": None,
        "standing": rows.Sql(f"CASE WHEN {AGREED} THEN '{Standing.LIVE}' ELSE '{Standing.WITHDRAWN}' END"),
        "live": rows.Sql(flag(AGREED)),
        "user_key": rows.Sql(f"CASE WHEN {AGREED} THEN CAST(i AS varchar(255)) END"),
        "agreed_with": rows.Sql(f"CASE WHEN {AGREED} THEN {address} END"),
        "address": rows.Sql(f"CASE WHEN {AGREED} THEN {address} END"),
    }
    rows.insert(ConsentState, count, {**given, "purpose": "newsletter"})
    rows.insert(ConsentState, count * 3 // 10, {**given, "purpose": "other"})
