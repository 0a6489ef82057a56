"""A big list, imported while people leave, a campaign runs and importers are killed: memory stays, and everybody's no stands."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


def run(lines: int, *, timeout: int) -> dict[str, int]:
    """One import, in processes of its own."""
    found: dict[str, int] = came_of("tests.imports.crowd", lines, timeout=timeout)
    return found


def assert_kept(found: dict[str, int]) -> None:
    """Each line is taken once or named in the report; nobody who left, before or meanwhile, is written to."""
    assert found["megabytes"] - found["megabytes of a tenth"] < 15, found
    assert found["stage"] == "done"
    assert found["accepted"] + found["left out"] == found["lines"]
    assert found["taken"] + found["changed"] == found["accepted"]
    assert found["reasons"] == 7  # erased, suppressed, refused, known, and three that are wrong by themselves
    assert found["left"] > 0
    assert found["mailed"] > 0
    for fault in (
        "live but for who left", "states unlike their events", "mailed twice", "mailed who never may be",
        "marked after leaving", "left who is live", "not taken back", "live at last",
    ):  # fmt: skip
        assert found[fault] == 0, found
    assert found["files"] == 1, "the report"


@pytest.mark.postgresql
@pytest.mark.promise("P12")
@pytest.mark.fault("R08")
@pytest.mark.fault("C03")
@pytest.mark.timeout(400)
def test_a_list_is_imported_once_while_some_leave_and_two_importers_are_killed() -> None:
    assert_kept(run(1_200, timeout=380))


@pytest.mark.nightly
@pytest.mark.postgresql
@pytest.mark.fault("R08")
@pytest.mark.fault("C03")
@pytest.mark.timeout(7_200)
def test_a_hundred_thousand_lines_are_imported_once_while_some_leave_and_two_importers_are_killed() -> None:
    assert_kept(run(100_000, timeout=7_000))
