"""Waking the task backend: a hint that may fail, never inside a request."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_tasks.backends.base import BaseTaskBackend

from django_rgpd.outbox import jobs, tasks
from django_rgpd.outbox.models import Job, State

enqueued: list[object] = []


class QueueBackend(BaseTaskBackend):
    """A queue that remembers what it was given."""

    supports_defer = True

    def enqueue(self, task, args, kwargs):
        enqueued.append(task.run_after)


class BrokenBackend(BaseTaskBackend):
    """A queue that is down."""

    def enqueue(self, task, args, kwargs):
        raise ConnectionError("redis://user:secret@queue")


@pytest.fixture(autouse=True)
def _nothing_enqueued():
    enqueued.clear()


@pytest.fixture
def backend(settings):
    """Set the task backend by its class."""

    def use(path):
        settings.TASKS = {"default": {"BACKEND": path}}

    return use


@pytest.mark.django_db(transaction=True)
def test_put_wakes_a_queue_after_the_commit(backend, now):
    backend(f"{__name__}.QueueBackend")
    jobs.put("note", {}, now=now)
    jobs.put("note", {}, now=now, run_at=now + timedelta(hours=1))
    assert enqueued == [None, now + timedelta(hours=1)]


@pytest.mark.django_db
def test_put_wakes_nobody_before_the_commit(backend, now, django_capture_on_commit_callbacks):
    backend(f"{__name__}.QueueBackend")
    with django_capture_on_commit_callbacks(execute=True):
        jobs.put("note", {}, now=now)
        assert enqueued == []
    assert enqueued == [None]


@pytest.mark.fault("E02")
@pytest.mark.django_db(transaction=True)
def test_put_never_works_while_the_visitor_waits(backend, now):
    backend("django_tasks.backends.immediate.ImmediateBackend")
    job = jobs.put("removed.app", {}, now=now)
    job.refresh_from_db()
    assert job.state == State.WAITING


@pytest.mark.fault("C02")
@pytest.mark.django_db(transaction=True)
def test_put_with_a_broken_queue_keeps_the_job_and_the_request(backend, now, caplog):
    backend(f"{__name__}.BrokenBackend")
    jobs.put("note", {}, now=now)
    assert Job.objects.count() == 1
    assert "ConnectionError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.django_db
def test_the_task_does_all_that_is_due(now):
    jobs.put("removed.app", {}, now=now - timedelta(days=400))
    assert tasks.work.func() == {"needs": 1}
