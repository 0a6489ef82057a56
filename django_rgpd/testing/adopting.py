"""``adopt``: what somebody does before the first sweep of a shop that has lived, for tests that make it live."""

from __future__ import annotations

from datetime import datetime

from django_rgpd.core import clock
from django_rgpd.retention import approval


def adopt(*, now: datetime | None = None) -> int:
    """Approve everything that a test's own policy or declarations would newly release; returns of how many models.

    A test database needs none of it as long as its policy stays the one under which its tables were made.
    """
    when = now or clock.now()
    waiting = approval.settle(now=when)
    return approval.approve([one.label for one in waiting], now=when, actor="test")
