"""Mails that our door sealed, in the queue of a real task backend: asked about again when they leave it, or refused."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


def run(backend: str, **environment: str) -> dict[str, object]:
    """``queued``, in a process of its own."""
    found: dict[str, object] = came_of("tests.marketing.queued", timeout=200, WORKERS=backend, **environment)
    return found


EXPECTED = {
    "sent": ["ada@example.com"],
    "refused": ["django_rgpd.core.errors.Misconfigured"],
    "states": ["SUCCESSFUL", "FAILED"] * 2,
}
"""Pickled, the mark stays and is a question again: who left meanwhile gets none. As its fields, the mail looks like a mailing
of which nobody said what it is: nothing of it leaves, and the task fails loudly.
"""


@pytest.mark.postgresql
@pytest.mark.fault("R09")
@pytest.mark.timeout(240)
def test_a_sealed_mail_in_the_queue_of_the_database_backend_passes_nobody_unasked() -> None:
    assert run("db") == EXPECTED


@pytest.mark.postgresql
@pytest.mark.redis
@pytest.mark.fault("R09")
@pytest.mark.timeout(240)
def test_a_sealed_mail_in_the_queue_of_rq_passes_nobody_unasked(redis: str) -> None:
    assert run("rq", WORKERS_REDIS=redis) == EXPECTED
