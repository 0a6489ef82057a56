"""Ranges of a sweep shared by worker processes of real task backends, one of which is killed."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


def run(backend: str, scene: str, **environment: str) -> dict[str, object]:
    """One scene of ``workers``, in a process of its own."""
    found: dict[str, object] = came_of(
        "tests.retention.workers", scene, timeout=200, WORKERS=backend, **environment
    )
    return found


def assert_each_once(found: dict[str, object], *, attempts: int) -> None:
    """Every row went, in one transaction that was kept; every range is done."""
    assert (found["left"], found["released"], found["rows"]) == (0, 160, 160)
    assert found["cut"] == {"contact.ContactMessage": 17}
    assert (found["jobs"], found["attempts"]) == (17, attempts)


@pytest.mark.postgresql
@pytest.mark.fault("R04")
@pytest.mark.timeout(240)
def test_ranges_are_shared_by_four_workers_of_the_database_backend() -> None:
    found = run("db", "parallel")
    assert_each_once(found, attempts=17)
    assert int(str(found["workers"])) >= 3


@pytest.mark.postgresql
@pytest.mark.fault("C10")
@pytest.mark.timeout(240)
def test_worker_of_the_database_backend_killed_in_a_range_loses_nothing() -> None:
    found = run("db", "killed")
    assert_each_once(found, attempts=18)
    assert found["abandoned"] == 1


@pytest.mark.postgresql
@pytest.mark.redis
@pytest.mark.timeout(240)
def test_ranges_are_shared_by_four_workers_of_rq(redis: str) -> None:
    found = run("rq", "parallel", WORKERS_REDIS=redis)
    assert_each_once(found, attempts=17)
    assert int(str(found["workers"])) >= 3


@pytest.mark.nightly
@pytest.mark.postgresql
@pytest.mark.redis
@pytest.mark.timeout(240)
def test_worker_of_rq_killed_in_a_range_loses_nothing(redis: str) -> None:
    found = run("rq", "killed", WORKERS_REDIS=redis)
    assert_each_once(found, attempts=18)
    assert found["abandoned"] == 1
