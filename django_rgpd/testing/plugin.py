"""The pytest plugin: fixtures for shops' tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django_rgpd.testing.canaries import Canaries


@pytest.fixture
def rgpd_canaries(db: None) -> Canaries:
    """A fresh maker of canaries."""
    from django_rgpd.testing.canaries import Canaries

    return Canaries()


@pytest.fixture
def assert_erased(db: None) -> Callable[..., None]:
    """``django_rgpd.testing.assert_erased``."""
    from django_rgpd.testing.proof import assert_erased

    return assert_erased
