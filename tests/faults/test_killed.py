"""Work that is killed anywhere: nothing half done that anybody could see, and the same end when it is resumed."""

from __future__ import annotations

import pytest

from tests.own_process import came_of

SAMPLES = {
    "campaigning": 7,
    "delivering": 9,
    "erasing": 43,
    "exporting": 13,
    "importing": 17,
    "sealing": 5,
    "sweeping": 37,
    "telling": 11,
}
"""Which points the gate tries; none of them divides another's number, so that other runs meet other statements."""

ALL = {
    "campaigning": [pytest.mark.fault("C02"), pytest.mark.fault("C03")],
    "delivering": [pytest.mark.fault("C02"), pytest.mark.fault("C03")],
    "erasing": [pytest.mark.fault("C01"), pytest.mark.fault("C02")],
    "exporting": [pytest.mark.fault("X13")],
    "importing": [pytest.mark.fault("C01")],
    "sealing": [],
    "sweeping": [pytest.mark.fault("C01")],
    "telling": [pytest.mark.fault("C03")],
}


def run(scenario: str, step: int, *, timeout: int) -> dict[str, object]:
    """The trial of one scenario, in a process of its own."""
    result: dict[str, object] = came_of(
        "tests.faults.kill", scenario, step, timeout=timeout, without={"DATABASE_URL", "SHOP_VAR"}
    )
    return result


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", [pytest.param(name, marks=marks) for name, marks in ALL.items()])
def test_work_killed_at_some_of_its_points_ends_as_if_it_had_not_been(scenario: str) -> None:
    """kill -9 in the transaction, between the commit and what follows, between a file and the note of it."""
    result = run(scenario, SAMPLES[scenario], timeout=280)

    assert result["problems"] == []
    assert int(str(result["tried"])) >= 3


@pytest.mark.nightly
@pytest.mark.timeout(1900)
@pytest.mark.parametrize("scenario", [pytest.param(name, marks=marks) for name, marks in ALL.items()])
def test_work_killed_at_any_of_its_points_ends_as_if_it_had_not_been(scenario: str) -> None:
    """The same at every single point."""
    assert run(scenario, 1, timeout=1800)["problems"] == []
