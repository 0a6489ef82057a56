"""Jobs of one payload are carried out together, and each has an end of its own."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.core import errors
from django_rgpd.outbox import deliver, ends, jobs, outcomes
from django_rgpd.outbox.models import Job, State
from tests.faults.side_by_side import at_once

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PAYLOAD = {"to": "one"}


@pytest.fixture
def note(monkeypatch):
    """A kind of job of which eight go together; ``lots`` has the keys of each attempt, ``end`` says how one of a job ends."""

    class Note:
        lots: list[list[int]] = []
        most = 8

        def end(self, job):
            return {"by": "many"}

        def alone(self, payload, *, job, now):
            self.lots.append([job.pk])
            if isinstance(outcome := self.end(job), Exception):
                raise outcome

        def many(self, some, *, now):
            self.lots.append([one.pk for one in some])
            return {one.pk: self.end(one) for one in some}

    made = Note()
    made.lots = []
    monkeypatch.setattr(jobs, "_registered", dict(jobs._registered))
    jobs.job("note", outward=True)(made.alone)
    jobs.together("note", most=lambda job: made.most)(made.many)
    return made


def put(number, *, now, payload=PAYLOAD, **more):
    return [jobs.put("note", payload, now=now, **more).pk for _number in range(number)]


def states():
    return dict(Job.objects.values_list("pk", "state"))


def test_what_waits_with_one_payload_is_carried_out_together_and_nothing_else_with_it(note, now):
    first, other = put(9, now=now - HOUR), put(3, now=now, payload={"to": "another"})
    put(1, now=now, run_at=now + HOUR)
    touched = put(1, now=now)
    Job.objects.filter(pk__in=touched).update(progress={"n": 1})
    assert deliver.run_due(now=now).counts == {"done": 13}
    assert note.lots == [first[:8], first[8:], other, touched]
    done = Job.objects.filter(state=State.DONE)
    assert {(one.lease, one.leased_until, one.attempts) for one in done} == {(None, None, 1)}
    assert all(one.payload == {} and one.finished_at for one in done)
    assert Job.objects.get(pk=first[0]).progress == {"by": "many"}


def test_each_has_an_end_of_its_own(note, now):
    done, gone, declined, needs, later, alone, broken = put(7, now=now)
    told = {
        gone: outcomes.Gone("a"),
        declined: outcomes.Declined("b"),
        needs: outcomes.NeedsSomeone("c"),
        later: outcomes.Later(now + HOUR, "d"),
        alone: outcomes.Alone(),
        broken: RuntimeError("ada@example.com"),
    }
    note.end = lambda job: {} if job.progress else told.get(job.pk, {})
    counts = deliver.run_due(now=now).counts
    assert counts == {"done": 2, "gone": 1, "refused": 1, "needs": 1, "waiting": 2, "failed": 1}
    assert note.lots == [[done, gone, declined, needs, later, alone, broken], [alone]]
    found = {one.pk: one for one in Job.objects.all()}
    assert [found[pk].note for pk in (gone, declined, needs, later)] == ["a", "b", "c", "d"]
    assert (found[later].run_at, found[later].attempts) == (now + HOUR, 0)
    assert (found[alone].state, found[alone].attempts) == (State.DONE, 1)
    assert (found[broken].state, found[broken].attempts, "@" in found[broken].note) == (
        State.WAITING,
        1,
        False,
    )
    assert found[declined].payload == PAYLOAD


def test_of_whom_nothing_is_said_is_tried_again(note, now):
    silent, said = put(2, now=now)
    note.many = None
    jobs.together("note", most=lambda job: 8)(lambda some, *, now: {said: None})
    deliver.run_due(now=now)
    assert states() == {silent: State.WAITING, said: State.DONE}


@pytest.mark.fault("P05")
def test_one_that_spoils_the_others_attempts_is_alone_in_the_end(note, now):
    *good, bad = put(8, now=now)

    def many(some, *, now):
        note.lots.append([one.pk for one in some])
        if bad in note.lots[-1]:
            raise RuntimeError
        return {one.pk: None for one in some}

    jobs.together("note", most=lambda job: 8)(many)
    note.end = lambda job: RuntimeError() if job.pk == bad else None
    for attempt in range(ends.MOST_ATTEMPTS):
        deliver.run_due(now=now + attempt * 8 * HOUR)
    assert [len(one) for one in note.lots] == [8, 4, 4, 2, 2] + [1] * (2 + ends.MOST_ATTEMPTS - 4)
    assert states() == {**dict.fromkeys(good, State.DONE), bad: State.NEEDS}


def test_who_failed_does_not_go_with_those_who_did_not(note, now):
    failed = put(1, now=now)
    Job.objects.filter(pk__in=failed).update(attempts=1)
    fresh = put(2, now=now)
    deliver.run_due(now=now)
    assert note.lots == [failed, fresh]


@pytest.mark.fault("C10")
def test_a_run_does_no_more_than_it_may(note, now):
    put(8, now=now)
    assert deliver.run_due(now=now, limit=3).counts == {"done": 3}
    assert sorted(states().values()) == ["done"] * 3 + ["waiting"] * 5


def test_nothing_leaves_a_copy_of_the_shop(note, now, settings):
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    put(3, now=now)
    assert deliver.run_due(now=now).counts == {"refused": 3}
    assert note.lots == []


def test_the_number_of_statements_does_not_grow_with_the_jobs(note, now):
    counts = []
    for number in (3, 8):
        put(number, now=now)
        with CaptureQueriesContext(connection) as queries:
            deliver.run_due(now=now)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.fault("R05")
@pytest.mark.fault("C03")
def test_a_worker_that_was_too_slow_writes_nothing_of_what_others_took_over(note, now):
    keys = put(4, now=now)
    slow = deliver.claim_along(deliver.claim(now=now), now=now)
    assert [one.pk for one in slow] == keys
    assert deliver.claim(now=now + timedelta(minutes=14)) is None
    after = now + jobs.LEASE + timedelta(seconds=1)
    quick = deliver.claim_along(deliver.claim(now=after), now=after, most=2)
    assert [one.attempts for one in quick] == [2, 2]
    with pytest.raises(errors.StaleClaim):
        jobs.renew_together(slow, now=after)
    assert dict(deliver.attempt_together(slow, now=after)) == {"done": 2, "stale": 2}
    assert dict(deliver.attempt_together(quick, now=after)) == {"done": 2}
    assert set(states().values()) == {State.DONE}


@pytest.mark.fault("C03")
def test_what_its_worker_died_over_is_taken_over_together_and_in_halves(note, now):
    put(8, now=now)
    sizes = []
    for attempt in range(4):
        at = now + attempt * HOUR
        sizes.append(len(deliver.claim_along(deliver.claim(now=at), now=at)))
    assert sizes == [8, 4, 2, 1]
    deliver.run_due(now=now + 9 * HOUR)
    assert set(states().values()) == {State.DONE}


@pytest.mark.postgresql
@pytest.mark.fault("R04")
@pytest.mark.fault("C10")
@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_them_and_do_each_once(note, now):
    keys = put(40, now=now)
    lock = threading.Lock()

    def many(some, *, now):
        with lock:
            note.lots.append([one.pk for one in some])
        return {one.pk: None for one in some}

    jobs.together("note", most=lambda job: 8)(many)
    at_once(*[lambda: deliver.run_due(now=now)] * 4)
    assert sorted(pk for lot in note.lots for pk in lot) == keys
    assert Job.objects.filter(state=State.DONE, attempts=1).count() == 40
