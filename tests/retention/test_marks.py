"""The marks: what a night asks, what a whole look finds, and that a mark never runs ahead of its rows."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection, models, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext, isolate_apps

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.ledger.replay import Report
from django_rgpd.outbox import deliver
from django_rgpd.policy import COLUMN, FISCAL_YEAR_END, current, days, months, years
from django_rgpd.registry import Declaration, Entry, KeepFacts, Personal, When, Who, registry
from django_rgpd.registry.actions import Blank
from django_rgpd.retention import finding, marks, ranges
from django_rgpd.retention.models import SweepMark
from django_rgpd.retention.sweep import sweep
from django_rgpd.retention.whole import whole
from django_rgpd.retention.window import since
from example_shop.contact.models import ContactMessage
from example_shop.factories import DAY, ContactMessageFactory, GuestOrderFactory
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review

pytestmark = pytest.mark.django_db

MESSAGE = "contact.ContactMessage"
TERM = relativedelta(years=1)
NIGHT = DAY + relativedelta(years=4)


def _mark(label: str) -> SweepMark:
    return SweepMark.objects.get(label=label)


def _message(at: datetime, **fields: Any) -> ContactMessage:
    return ContactMessageFactory(user=None, received_at=at, **fields)


def test_night_finds_what_fell_due_since_the_last_one_and_nothing_before_its_day() -> None:
    sweep(now=NIGHT)
    today, tomorrow = (_message(NIGHT - TERM + timedelta(days=shift)) for shift in (1, 2))
    SweepMark.objects.update(top=ContactMessage.objects.order_by("pk").last().pk)  # type: ignore[union-attr]

    report = sweep(now=NIGHT + timedelta(days=1))
    assert report.done.deleted == {MESSAGE: 1}
    assert not ContactMessage.objects.filter(pk=today.pk).exists()
    assert ContactMessage.objects.filter(pk=tomorrow.pk).exists()


def test_night_finds_a_row_that_came_since_with_an_old_clock() -> None:
    sweep(now=NIGHT)
    _message(DAY - relativedelta(years=9))
    assert sweep(now=NIGHT + timedelta(days=1)).done.deleted == {MESSAGE: 1}


def test_row_whose_clock_was_set_back_is_found_within_a_week() -> None:
    message = _message(NIGHT)
    sweep(now=NIGHT)
    ContactMessage.objects.update(received_at=DAY - relativedelta(years=9))
    assert sweep(now=NIGHT + timedelta(days=6)).rows == 0
    assert ContactMessage.objects.filter(pk=message.pk).exists()
    assert sweep(now=NIGHT + timedelta(days=7)).done.deleted == {MESSAGE: 1}


def test_clock_that_ran_ahead_does_not_keep_the_weekly_look_away() -> None:
    message = _message(NIGHT)
    sweep(now=NIGHT)
    SweepMark.objects.update(full_at=NIGHT + relativedelta(years=2))
    ContactMessage.objects.update(received_at=DAY - relativedelta(years=9))
    sweep(now=NIGHT + timedelta(days=7))
    assert not ContactMessage.objects.filter(pk=message.pk).exists()


def test_whole_look_can_be_asked_for() -> None:
    _message(NIGHT)
    sweep(now=NIGHT)
    ContactMessage.objects.update(received_at=DAY - relativedelta(years=9))
    assert sweep(now=NIGHT, full=True).done.deleted == {MESSAGE: 1}


def test_reset_makes_the_next_night_a_whole_look() -> None:
    _message(NIGHT)
    sweep(now=NIGHT)
    ContactMessage.objects.update(received_at=DAY - relativedelta(years=9))
    assert marks.reset([MESSAGE]) == 1
    assert sweep(now=NIGHT).done.deleted == {MESSAGE: 1}


def test_restored_dump_resets_every_mark() -> None:
    sweep(now=NIGHT)
    assert SweepMark.objects.filter(day__isnull=False).exists()
    signals.restored.send(sender=None, at=NIGHT, report=Report())
    assert not SweepMark.objects.filter(day__isnull=False).exists()


def test_mark_that_was_reset_during_a_sweep_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold is lifted while the sweep, which saw it standing, is under way."""
    counts = finding.counts

    def lifted_meanwhile(*given: Any, **named: Any) -> dict[str, int]:
        found = counts(*given, **named)
        marks.reset()
        return found

    for night in (NIGHT, NIGHT + timedelta(days=1)):
        with monkeypatch.context() as patched:
            patched.setattr(finding, "counts", lifted_meanwhile)
            sweep(now=night)
        assert not SweepMark.objects.filter(day__isnull=False).exists()
        sweep(now=night)
        assert SweepMark.objects.filter(label=MESSAGE, day=clock.legal_day(night)).exists()


def test_sweep_out_of_time_leaves_the_mark_behind() -> None:
    _message(DAY)
    before = _mark(MESSAGE).day
    assert not sweep(now=NIGHT, max_seconds=0).complete
    assert _mark(MESSAGE).day == before
    assert sweep(now=NIGHT).done.deleted == {MESSAGE: 1}


def test_mark_is_written_with_the_ranges_that_were_cut() -> None:
    for _number in range(3):
        _message(DAY)
    assert sweep(now=NIGHT, share=True, size=2).cut == {MESSAGE: 2}
    assert _mark(MESSAGE).day == clock.legal_day(NIGHT)
    assert ContactMessage.objects.count() == 3
    again = sweep(now=NIGHT, share=True, size=2)
    assert (again.cut, again.put_off) == ({}, [MESSAGE])
    assert ranges.pending() == {MESSAGE}


def test_night_takes_as_many_statements_as_models_with_something_due() -> None:
    sweep(now=NIGHT)
    with CaptureQueriesContext(connection) as nothing:
        sweep(now=NIGHT + timedelta(days=1))
    for number in range(5):
        _message(DAY, subject=str(number))
    with CaptureQueriesContext(connection) as one:
        assert sweep(now=NIGHT + timedelta(days=2)).rows == 5
    assert len(nothing) == 5, "marks, one question to all models, a savepoint and its end, marks"
    lock = connection.vendor == "postgresql"
    assert len(one) - lock == len(nothing) + 4, "the holds, the rows that go, others' rests, the ledger"


@pytest.mark.parametrize(
    ("model", "by_columns"), [(ContactMessage, True), (Order, True), (Invoice, True), (Review, False)]
)
def test_window_of(model: Any, by_columns: bool) -> None:
    """A review stands on a consent, which may end on any day; the others on their own columns."""
    entry = registry.of(model)
    assert entry is not None
    mark = marks.Mark("", clock.legal_day(DAY), 0, DAY, 0)
    found = since(whole(entry, now=NIGHT), mark, now=NIGHT)
    assert (found is not None) == by_columns


class TestExactness:
    """The window and the whole question find the same rows, whatever the clocks and terms."""

    def _due(self, part: Any) -> set[int]:
        from django_rgpd.retention.whole import rows_due

        return set(rows_due(part).values_list("pk", flat=True))

    @pytest.mark.fault("K06")
    @pytest.mark.parametrize("gap", [1, 3, 40, 400])
    @pytest.mark.parametrize("term", [days(30), months(1), months(13), years(3)])
    @pytest.mark.parametrize("kind", [COLUMN, FISCAL_YEAR_END])
    def test_window_finds_what_the_whole_question_finds(
        self, declared: Any, term: Any, kind: Any, gap: int
    ) -> None:
        entry = declared(term, kind)
        first = datetime(2025, 1, 1, 23, 30, tzinfo=UTC)
        for shift in range(0, 1_500, 17):
            GuestOrderFactory(placed_at=first + timedelta(days=shift), lines=0)
        before = datetime(2028, 2, 28, 23, 30, tzinfo=UTC)
        now = before + timedelta(days=gap)
        top = Order.objects.order_by("pk").last().pk  # type: ignore[union-attr]
        mark = marks.Mark("", clock.legal_day(before), top, before, 0)
        released_then = self._due(whole(entry, now=before))
        window = since(whole(entry, now=now), mark, now=now)
        assert window is not None
        newly = self._due(whole(entry, now=now)) - released_then
        assert set(Order.objects.filter(window).values_list("pk", flat=True)) == newly

    def test_condition_makes_it_whole(self, declared: Any) -> None:
        entry = declared(years(3), COLUMN, When("kept", Q(status="paid")))
        mark = marks.Mark("", clock.legal_day(DAY), 0, DAY, 0)
        assert since(whole(entry, now=NIGHT), mark, now=NIGHT) is None

    def test_clock_that_may_begin_later_makes_it_whole(self, declared: Any) -> None:
        """The settling of an incident: NULL until then, and then perhaps a day of last year."""
        entry = declared(months(1), COLUMN, path="closed_on")
        order = GuestOrderFactory(closed_on=None, lines=0)
        mark = marks.Mark("", clock.legal_day(NIGHT), order.pk, NIGHT, 0)
        night = NIGHT + timedelta(days=1)
        Order.objects.filter(pk=order.pk).update(closed_on=DAY)
        assert self._due(whole(entry, now=night)) == {order.pk}
        assert since(whole(entry, now=night), mark, now=night) is None


@pytest.mark.fault("K04")
def test_another_legal_zone_decides_anew(settings: Any) -> None:
    """A day is another day there: what was released until which day is not known any more."""
    entry = registry.of(ContactMessage)
    assert entry is not None
    _message(DAY)
    sweep(now=DAY)
    assert marks.adopted(entry)
    settings.RGPD = {**settings.RGPD, "TIME_ZONE": "Pacific/Kiritimati"}
    assert not marks.adopted(entry)
    assert sweep(now=NIGHT).waiting[MESSAGE] == 1


KEPT: Any = None


@pytest.fixture
def declared(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An order under one purpose of the test's own."""
    from dataclasses import replace

    from django_rgpd.policy import Contract, Purpose
    from django_rgpd.registry import Declaration, Entry

    def declare(term: Any, kind: Any, purpose: Any = "kept", path: str = "placed_at") -> Entry:
        kept = Purpose("kept", "Kept", bases=[Contract()], term=term, clock=kind)
        monkeypatch.setitem(globals(), "KEPT", replace(current(), purposes=[kept]))
        settings.RGPD = {**settings.RGPD, "POLICY": f"{__name__}.KEPT"}
        attributes = {
            "who": Who(user="customer"),
            "clocks": {"kept": path},
            "fields": {"name": Personal(purpose, erase=Blank())},
            "at_end": KeepFacts(),
        }
        return Entry(Order, type("Data", (Declaration,), attributes), __name__)

    return declare


class Killed(BaseException):
    """A process that ends where it stands: nothing catches it."""


@pytest.mark.fault("C10")
@pytest.mark.parametrize(
    ("size", "share"),
    [
        (10, True),
        (2, False),
        pytest.param(2, True, marks=pytest.mark.nightly),
        pytest.param(10, False, marks=pytest.mark.nightly),
    ],
)
def test_mark_never_runs_ahead_of_its_rows_wherever_a_sweep_ends(share: bool, size: int) -> None:
    """After each of its statements either the rows are gone, or jobs are written, or the mark does not speak of them."""
    for number in range(5):
        _message(DAY, subject=str(number))
    ended = 0
    for last in range(1, 60):
        with transaction.atomic():
            if _ended_at(last, share=share, size=size):
                ended += 1
            spoken_of = _mark(MESSAGE).day == clock.legal_day(NIGHT)
            assert not (spoken_of and ContactMessage.objects.exists() and not ranges.pending()), last
            sweep(now=NIGHT, share=share, size=size)
            deliver.run_due(now=NIGHT, names=frozenset({ranges.JOB}))
            assert not ContactMessage.objects.exists(), last
            transaction.set_rollback(True)
    assert ended > 5


def _ended_at(last: int, *, share: bool, size: int) -> bool:
    count = 0

    def run(execute: Any, *given: Any) -> Any:
        nonlocal count
        count += 1
        if count == last:
            raise Killed
        return execute(*given)

    try:
        with connection.execute_wrapper(run):
            sweep(now=NIGHT, share=share, size=size)
    except Killed:
        return True
    return False


@isolate_apps("example_shop.contact")
def test_key_that_no_database_counts_makes_it_whole() -> None:
    """A drawn number, or one brought along from another system, may be lower than those that are there."""

    class Drawn(models.Model):
        number = models.BigIntegerField(primary_key=True, default=lambda: secrets.randbits(60))

        class Meta:
            app_label = "contact"

    class Counted(models.Model):
        number = models.BigAutoField(primary_key=True)

        class Meta:
            app_label = "contact"

    found = [Entry(model=one, declaration=Declaration, origin="tests") for one in (Drawn, Counted)]
    assert [finding.counted_up(one) for one in found] == [False, True]
