"""Terms that end: all that is due at once, the same again, and the night that finds a few among many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from django_rgpd.retention.sweep import sweep
from django_rgpd.testing import adopt
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import SMALL, Order

ORDER = "bench.Order"
TEN = [ORDER, *(model._meta.label for model in SMALL[:9])]
BLANK = dict.fromkeys(("name", "company", "street", "city", "phone", "email", "note"), "")


def ending(size: Size) -> Iterator[Measured]:
    """All rows due, then nothing left to do."""
    rounds = size.rounds_of_many

    def refill() -> None:
        rows.empty()
        rows.insert(Order, size.rows, {"customer_id": None, "placed_at": rows.LONG_AGO})
        adopt(now=rows.NOW)
        rows.settled()

    def once() -> None:
        sweep(now=rows.NOW, only=[ORDER])

    def bare() -> None:
        _release(Order.objects.all())

    yield compare(
        "release all due rows", rows=size.rows, before=refill, floor=bare, candidate=once,
        rounds=rounds, target=1.2,
    )  # fmt: skip
    yield compare(
        "release them again: nothing is left", rows=size.rows, floor=bare, candidate=once,
        before=lambda: _released_before(refill), rounds=rounds,
        target=0.05 if connection.vendor == "postgresql" else None,
    )  # fmt: skip


def night(size: Size) -> Iterator[Measured]:
    """A thousand rows due each night among a million, of which most were released long ago."""
    due = min(1_000, size.night // 100)
    nights = iter(range(1, 10_000))
    day = [0]

    def fill() -> None:
        rows.empty()
        old, kept = size.night * 8 // 10, size.night // 10
        rows.insert(Order, old, {"customer_id": None, "placed_at": rows.LONG_AGO, **BLANK})
        rows.insert(Order, kept, {"customer_id": None, "placed_at": rows.RECENT})
        for ahead in range(1, 6 * (size.rounds + 1) + 1):
            rows.insert(Order, due, {"customer_id": None, "placed_at": _placed(ahead)})
        adopt(now=rows.NOW)
        sweep(now=rows.NOW)
        rows.settled()

    def next_day() -> None:
        day[0] = next(nights)

    def bare() -> None:
        _release(_of_the_day(day[0]))

    def swept(only: list[str]) -> None:
        report = sweep(now=rows.NOW + timedelta(days=day[0]), only=only)
        if not report.done.rows:
            raise RuntimeError(f"the night of day {day[0]} found nothing")

    def follow() -> None:
        sweep(now=rows.NOW + timedelta(days=day[0]), only=TEN)

    fill()
    for label, only, target in (("one declaration", [ORDER], 1.5), ("ten declarations", TEN, 2.5)):
        yield compare(
            f"the night, {due} rows due: {label}", rows=size.night, before=next_day,
            floor=bare, candidate=lambda only=only: swept(only), after_floor=follow,
            rounds=size.rounds, target=target,
        )  # fmt: skip
    yield compare(
        "finding them (dry run) against the SELECT", rows=size.night, before=next_day,
        floor=lambda: list(_of_the_day(day[0]).values_list("pk", flat=True)),
        candidate=lambda: sweep(now=rows.NOW + timedelta(days=day[0]), only=[ORDER], dry_run=True),
        after_floor=follow, rounds=size.rounds, target=3,
    )  # fmt: skip


def _placed(day: int) -> object:
    """An order's day three years before night ``day`` of the measured ones."""
    return (rows.NOW + timedelta(days=day)).replace(hour=1) - timedelta(days=3 * 365 + 1)


def _of_the_day(day: int) -> QuerySet[Order]:
    return Order.objects.filter(placed_at=_placed(day))


def _release(orders: QuerySet[Order]) -> None:
    with transaction.atomic():  # as the sweep, or anybody who writes down what was done
        orders.update(customer=None, **BLANK)


def _released_before(refill: object) -> None:
    """What a first sweep leaves behind."""
    if callable(refill):
        refill()
    sweep(now=rows.NOW, only=[ORDER])
    rows.settled()
