"""An erasure that outlives its processor's worst day, and two of its workers."""

from __future__ import annotations

import pytest

from tests.own_process import came_of

pytest.importorskip("mailchimp_marketing")


@pytest.mark.promise("P44")
@pytest.mark.fault("P05")
@pytest.mark.timeout(200)
def test_an_erasure_with_mailchimp_down_for_a_day_and_the_worker_killed_twice_is_done_on_both_sides() -> None:
    told = came_of("tests.faults.down_for_a_day", timeout=180, without={"DATABASE_URL", "SHOP_VAR"})
    assert (told["killed"], told["held"], told["erasure"], told["broken"]) == (2, [], "done", [])
    assert told["job"][1] == {}
    assert told["evidence"]
