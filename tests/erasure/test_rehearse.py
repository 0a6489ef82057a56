"""The rehearsal: a whole erasure that leaves no trace."""

from __future__ import annotations

from datetime import datetime

import pytest

from django_rgpd.erasure.rehearse import rehearse
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_rehearsal_changes_nothing(user: User, now: datetime) -> None:
    """And finds nothing wrong with the example shop."""
    before = snapshot()

    assert rehearse(now=now) == []
    assert not changed(before, snapshot())


def test_a_rehearsal_without_anybody_has_nothing_to_try(now: datetime) -> None:
    """An empty shop."""
    assert rehearse(now=now) == []
