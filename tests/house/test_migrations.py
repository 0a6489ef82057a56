"""A database of the first release that is full of rows comes to the newest, and back, with all of them."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


@pytest.mark.timeout(300)
def test_a_filled_database_of_the_first_release_comes_to_the_newest_and_back() -> None:
    """Nothing is lost; the ledger is guarded; no table is written anew, which would keep everybody from reading it meanwhile."""
    assert came_of("tests.house.filled", timeout=280) == {
        "empty": [],
        "lost": [],
        "rewritten": [],
        "unguarded": [],
        "other after coming back": False,
        "lost at last": [],
        "written to at once": [],
        "written to": ["ada@example.com"],
    }
