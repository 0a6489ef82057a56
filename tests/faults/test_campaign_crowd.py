"""A campaign to a crowd over real SMTP: people leave meanwhile, senders are killed; nobody gets it twice or after leaving."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


def run(people: int, part: int, *, timeout: int) -> dict[str, object]:
    """One campaign, in processes of its own."""
    found: dict[str, object] = came_of("tests.marketing.crowd", people, part, timeout=timeout)
    return found


def assert_kept(found: dict[str, object]) -> None:
    """Nobody twice, nobody after she left, nobody forgotten but one a kill, whom the report names."""
    assert found["killed"] == 2
    assert int(str(found["left and not mailed"])) > 0
    for fault in ("twice", "marked after leaving", "mailed without a mark", "forgotten"):
        assert found[fault] == 0, found
    assert int(str(found["unknown"])) <= 2
    assert found["unknown"] == found["unknown in the report"]


@pytest.mark.postgresql
@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
@pytest.mark.fault("C03")
@pytest.mark.timeout(400)
def test_a_crowd_gets_it_once_while_some_leave_and_two_senders_are_killed() -> None:
    assert_kept(run(300, 10, timeout=380))


@pytest.mark.nightly
@pytest.mark.postgresql
@pytest.mark.fault("R09")
@pytest.mark.fault("C03")
@pytest.mark.timeout(7_200)
def test_a_hundred_thousand_get_it_once_while_some_leave_and_two_senders_are_killed() -> None:
    assert_kept(run(100_000, 500, timeout=7_000))
