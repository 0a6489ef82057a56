"""Mailchimp is told of a crowd while people leave, come back, move and are erased, and workers are killed."""

from __future__ import annotations

import pytest

from tests.own_process import came_of

pytest.importorskip("mailchimp_marketing")


@pytest.mark.nightly
@pytest.mark.postgresql
@pytest.mark.promise("P19")
@pytest.mark.fault("R08")
@pytest.mark.fault("C02")
@pytest.mark.timeout(900)
def test_mailchimp_holds_what_stands_whatever_happened_while_it_was_told() -> None:
    found = came_of("tests.marketing.crowd_told", 2_000, timeout=850)
    assert found["killed"] == 6
    for fault in ("too many there", "erased and held"):
        assert found[fault] == 0, found
    # Killed after they were told to stop, before the note of it: what she agreed to meanwhile is refused there, in words.
    for fault in ("missing there", "agreed last and not written to"):
        assert found[fault] <= found["killed"], found
    assert set(found["jobs"]) <= {"done", "gone", "refused"}, found
