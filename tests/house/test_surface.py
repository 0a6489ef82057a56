"""What shops rely on is what the page says they may rely on."""

from __future__ import annotations

import pytest

from tests.house import surface


@pytest.mark.parametrize("title", ["Python", "Commands", "URL names", "Template names", "Permissions"])
def test_the_stability_page_lists_what_there_is(title):
    missing = "run: python -m tests.house.surface, and read the difference as a shop would"
    assert surface.written().get(title, []) == surface.surface()[title], missing
