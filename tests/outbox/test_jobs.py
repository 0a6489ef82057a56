"""Jobs: written with their reason, carried out once, in states that staff can read."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_rgpd.core import errors
from django_rgpd.outbox import deliver, ends, jobs, outcomes
from django_rgpd.outbox.models import Job, State
from tests.faults.side_by_side import at_once, beside

pytestmark = pytest.mark.django_db


@pytest.fixture
def handle(monkeypatch):
    """Register a handler for the length of one test: ``handle(name, function, outward=False)``."""
    monkeypatch.setattr(jobs, "_registered", dict(jobs._registered))

    def register(name, function, **options):
        jobs.job(name, **options)(function)

    return register


@pytest.fixture
def calls(handle):
    """What the handler of the jobs called ``note`` was given."""
    seen = []

    def note(payload, *, job, now):
        seen.append(payload)

    handle("note", note)
    return seen


def ending(outcome):
    """A handler that ends so."""

    def end(payload, *, job, now):
        raise outcome

    return end


def test_run_due_carries_out_what_is_due_oldest_first_and_empties_it(calls, now):
    later = jobs.put("note", {"n": 3}, now=now, run_at=now + timedelta(hours=1))
    jobs.put("note", {"n": 2}, now=now)
    jobs.put("note", {"n": 1}, now=now - timedelta(hours=1))
    assert deliver.run_due(now=now).counts == {"done": 2}
    assert calls == [{"n": 1}, {"n": 2}]
    done = Job.objects.filter(state=State.DONE)
    assert [job.payload for job in done] == [{}, {}]
    assert all(job.finished_at and job.lease is None and job.leased_until is None for job in done)
    later.refresh_from_db()
    assert (later.state, later.payload, later.attempts) == (State.WAITING, {"n": 3}, 0)


def test_put_makes_json_of_dates_and_uuids(now):
    someone = uuid.uuid4()
    job = jobs.put("note", {"at": now, "who": someone}, now=now, person=someone)
    job.refresh_from_db()
    assert job.payload == {"at": "2026-03-10T12:00:00Z", "who": str(someone)}
    assert job.person == someone


def test_put_with_a_key_that_waits_returns_that_one(calls, now):
    first = jobs.put("note", {"n": 1}, key="k", now=now)
    assert jobs.put("note", {"n": 2}, key="k", now=now) == first
    assert jobs.put("note", {"n": 3}, key="l", now=now) != first
    assert jobs.put("other", {"n": 4}, key="k", now=now) != first
    deliver.run_due(now=now, names=frozenset({"note"}))
    assert calls == [{"n": 1}, {"n": 3}]
    assert jobs.put("note", {"n": 5}, key="k", now=now) != first


@pytest.mark.django_db(transaction=True)
def test_put_goes_with_the_transaction_of_its_reason(calls, now):
    with transaction.atomic():
        jobs.put("note", {}, now=now)
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_run_due_stops_at_its_limit(calls, now):
    for number in range(5):
        jobs.put("note", {"n": number}, now=now)
    assert deliver.run_due(now=now, limit=2).counts == {"done": 2}
    assert len(calls) == 2


def test_run_due_where_nothing_is_due_asks_once(now, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):  # for what a worker left behind, and for what waits
        assert deliver.run_due(now=now).counts == {}


def test_a_job_is_read_off_the_index_however_many_wait(calls, now):
    # Of 2 000 that stand in space that others left, PostgreSQL may rightly find it cheaper to read all.
    jobs.put_many([jobs.Draft(name="note", payload={"n": number}) for number in range(10_000)], now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as seen:
            deliver.run_due(now=now, limit=1)
        asked = [one["sql"] for one in seen if one["sql"].startswith("SELECT")]
        assert len(asked) == 3
        for sql in asked:
            cursor.execute(
                f"{'EXPLAIN' if connection.vendor == 'postgresql' else 'EXPLAIN QUERY PLAN'} {sql}"
            )
            plan = str(cursor.fetchall())
            assert "django_rgpd_job" in plan
            assert "Seq Scan" not in plan
            assert "SCAN django_rgpd_job" not in plan
            if connection.vendor == "postgresql":
                assert all(int(rows) <= deliver.NEAREST for rows in re.findall(r"Sort.*?rows=(\d+)", plan))


def test_a_handler_that_fails_is_called_again_later_and_says_no_personal_value(handle, now, caplog):
    handle("fails", ending(RuntimeError("marie@example.com is unknown")))
    job = jobs.put("fails", {"n": 1}, now=now)
    assert deliver.run_due(now=now).counts == {"failed": 1}
    job.refresh_from_db()
    assert (job.state, job.attempts, job.payload) == (State.WAITING, 1, {"n": 1})
    assert now + timedelta(seconds=45) < job.run_at < now + timedelta(seconds=90)
    assert job.note == "Attempt 1 failed: RuntimeError."
    assert "marie" not in caplog.text


@pytest.mark.fault("C05")
def test_a_handler_that_always_fails_ends_with_someone(handle, now):
    handle("fails", ending(RuntimeError()))
    job = jobs.put("fails", {"n": 1}, now=now)
    pauses = []
    for _attempt in range(ends.MOST_ATTEMPTS):
        job.refresh_from_db()
        pauses.append(job.run_at)
        deliver.run_due(now=job.run_at)
    job.refresh_from_db()
    assert (job.state, job.finished_at, job.payload) == (State.NEEDS, None, {"n": 1})
    assert "12" in job.note
    assert timedelta(hours=12) < pauses[-1] - pauses[0] < timedelta(hours=48)
    assert deliver.run_due(now=now + timedelta(days=9)).counts == {}


@pytest.mark.parametrize(
    ("outcome", "state", "emptied"),
    [
        (outcomes.Gone("It is gone."), State.GONE, True),
        (outcomes.Declined("They said no."), State.REFUSED, False),
        (errors.Refused("They said no."), State.REFUSED, False),
        (outcomes.NeedsSomeone("Tick the box."), State.NEEDS, False),
    ],
)
def test_an_outcome_is_the_state_that_staff_reads(handle, now, outcome, state, emptied):
    handle("ends", ending(outcome))
    job = jobs.put("ends", {"n": 1}, now=now)
    assert deliver.run_due(now=now).counts == {state: 1}
    job.refresh_from_db()
    assert job.state == state
    assert job.note == str(outcome)
    assert (job.payload == {}) is emptied


def test_later_is_no_failure(handle, now):
    handle("ends", ending(outcomes.Later(now + timedelta(days=1), "On Wednesday.")))
    job = jobs.put("ends", {}, now=now)
    deliver.run_due(now=now)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.run_at) == (State.WAITING, 0, now + timedelta(days=1))


def test_later_than_a_moment_ago_does_not_run_for_ever(handle, now):
    handle("ends", ending(outcomes.Later(now - timedelta(days=1))))
    jobs.put("ends", {}, now=now)
    assert deliver.run_due(now=now).counts == {"waiting": 1}


@pytest.mark.fault("P14")
def test_a_job_that_nothing_carries_out_needs_someone(now):
    job = jobs.put("removed.app", {}, now=now)
    deliver.run_due(now=now)
    job.refresh_from_db()
    assert job.state == State.NEEDS


@pytest.mark.fault("B05")
def test_an_outward_job_outside_of_production_leaves_nothing(handle, now, settings):
    seen = []
    handle("out", lambda payload, *, job, now: seen.append(payload), outward=True)
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    job = jobs.put("out", {}, now=now)
    deliver.run_due(now=now)
    job.refresh_from_db()
    assert (seen, job.state) == ([], State.REFUSED)
    settings.RGPD = {**settings.RGPD, "PRODUCTION": True}
    deliver.retry(Job.objects.all(), now=now)
    deliver.run_due(now=now)
    assert seen == [{}]


def test_two_handlers_of_one_name_are_a_mistake(handle):
    handle("one", ending(RuntimeError()))
    with pytest.raises(ImproperlyConfigured, match="one"):
        jobs.job("one")(test_two_handlers_of_one_name_are_a_mistake)


def test_retry_puts_in_line_what_needs_someone_and_nothing_that_runs(calls, now):
    needing = jobs.put("note", {"n": 1}, now=now)
    running = jobs.put("note", {"n": 2}, now=now)
    Job.objects.filter(pk=needing.pk).update(state=State.NEEDS, attempts=12)
    Job.objects.filter(pk=running.pk).update(
        state=State.RUNNING, lease=uuid.uuid4(), leased_until=now + timedelta(minutes=5)
    )
    assert deliver.retry(Job.objects.all(), now=now) == 1
    deliver.run_due(now=now)
    assert calls == [{"n": 1}]


@pytest.mark.fault("R05")
def test_a_worker_that_was_too_slow_writes_nothing(calls, now):
    job = jobs.put("note", {"n": 1}, now=now)
    slow = deliver.claim(now=now)
    assert deliver.claim(now=now + timedelta(minutes=5)) is None
    quick = deliver.claim(now=now + timedelta(minutes=20))
    assert slow.pk == quick.pk == job.pk
    with pytest.raises(errors.StaleClaim):
        jobs.renew(slow, now=now, progress={"rows": 7})
    assert deliver.attempt(slow, now=now) == "stale"
    job.refresh_from_db()
    assert (job.state, job.lease, job.progress, job.payload) == (State.RUNNING, quick.lease, {}, {"n": 1})
    assert deliver.attempt(quick, now=now) == State.DONE


@pytest.mark.fault("C01")
@pytest.mark.fault("C03")
def test_a_job_whose_worker_died_is_done_by_another_and_does_not_kill_for_ever(calls, now):
    job = jobs.put("note", {"n": 1}, now=now)
    for attempt in range(ends.MOST_ATTEMPTS):
        assert deliver.claim(now=now + timedelta(hours=attempt)).attempts == attempt + 1
    deliver.run_due(now=now + timedelta(hours=99))
    job.refresh_from_db()
    assert (job.state, calls) == (State.NEEDS, [])


def test_renew_keeps_the_claim_and_the_progress(handle, now):
    seen = []

    def long(payload, *, job, now):
        jobs.renew(job, now=now + timedelta(minutes=14), progress={"rows": 7})
        seen.append(deliver.claim(now=now + timedelta(minutes=20)))

    handle("long", long)
    job = jobs.put("long", {}, now=now)
    assert deliver.run_due(now=now).counts == {"done": 1}
    job.refresh_from_db()
    assert (seen, job.progress) == ([None], {"rows": 7})


@pytest.mark.django_db(transaction=True)
def test_a_job_runs_outside_of_any_transaction(handle, now):
    seen = []
    handle("look", lambda payload, *, job, now: seen.append(connection.in_atomic_block))
    jobs.put("look", {}, now=now)
    deliver.run_due(now=now)
    assert seen == [False]


@pytest.mark.postgresql
@pytest.mark.fault("R04")
@pytest.mark.fault("C10")
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_do_each_job_once(handle, now):
    seen = []
    handle("note", lambda payload, *, job, now: seen.append(payload["n"]))
    for number in range(60):
        jobs.put("note", {"n": number}, now=now)
    at_once(*[lambda: deliver.run_due(now=now)] * 4)
    assert sorted(seen) == list(range(60))
    assert Job.objects.filter(state=State.DONE, attempts=1).count() == 60


@pytest.mark.postgresql
@pytest.mark.fault("R04")
@pytest.mark.django_db(transaction=True)
def test_a_worker_does_not_stop_where_others_are_taking_what_is_nearest(calls, now, monkeypatch):
    monkeypatch.setattr(deliver, "NEAREST", 2)
    for number in range(5):
        jobs.put("note", {"n": number}, now=now)
    nearest = Job.objects.order_by("run_at", "pk").values("pk")[:2]
    with transaction.atomic():
        assert (
            len(Job.objects.select_for_update().filter(pk__in=list(nearest.values_list("pk", flat=True))))
            == 2
        )
        thread, result = beside(lambda: deliver.run_due(now=now, limit=3).counts)
        thread.join(timeout=30)
    assert result == [{"done": 3}]
    assert sorted(one["n"] for one in calls) == [2, 3, 4]


@pytest.mark.postgresql
@pytest.mark.fault("R01")
@pytest.mark.django_db(transaction=True)
def test_put_at_once_with_one_key_writes_one_job(now):
    written = at_once(*[lambda: jobs.put("note", {}, key="k", now=now).pk] * 8)
    assert len(written) == 8
    assert len(set(written)) == 1
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_put_keeps_what_no_database_can_out_of_the_payload(now):
    job = jobs.put("test.odd", {"note": "a\x00b", "more": ["\ud800c", {"d": "é"}]}, now=now)
    assert Job.objects.get(pk=job.pk).payload == {"note": "ab", "more": ["c", {"d": "é"}]}
