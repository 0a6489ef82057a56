"""A replay killed anywhere: the door stays shut, and done again it comes to the same end."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


def run(step: int) -> dict[str, object]:
    """The trial of ``kill_replay``, in a process of its own."""
    result: dict[str, object] = came_of(
        "tests.faults.kill_replay", step, timeout=600, without={"DATABASE_URL"}
    )
    return result


@pytest.mark.fault("C01")
@pytest.mark.fault("B01")
@pytest.mark.timeout(120)
def test_a_replay_killed_at_some_of_its_statements_ends_as_if_it_had_not_been() -> None:
    """kill -9 while events come back, consents are written, people are erased, seals are set."""
    result = run(step=23)

    assert result["problems"] == []
    assert int(str(result["tried"])) >= 5


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_a_replay_killed_at_any_of_its_statements_ends_as_if_it_had_not_been() -> None:
    """The same at every single statement."""
    assert run(step=1)["problems"] == []
