"""Odd models and odd accounts: each user model needs a project, and with it a process, of its own."""

from __future__ import annotations

import pytest

from tests.own_process import came_of


def failures(user_model: str) -> list[str]:
    """What did not go as it should, in the words of ``tests/oddities/run.py``."""
    found: list[str] = came_of("tests.oddities.run", timeout=300, ODDITY=user_model)
    return found


@pytest.mark.fault("D01")  # PROTECT and the others in the way: refused, with nothing changed
@pytest.mark.fault("D03")  # a thousand unique addresses
@pytest.mark.fault("D05")  # NOT NULL, CHECK, choices, one character, Decimal, date
@pytest.mark.fault("D06")  # JSON
@pytest.mark.fault("D07")  # managers that hide rows
@pytest.mark.fault("D08")  # many to many, with and without a table of its own
@pytest.mark.fault("D09")  # generic keys
@pytest.mark.fault("D12")  # files, and what was made of them
@pytest.mark.fault("G02")  # the database's words about the row
def test_odd_models_under_djangos_own_user_model() -> None:
    """Everything of one person goes, nothing of another moves."""
    assert failures("default") == []


@pytest.mark.fault("D11")
@pytest.mark.parametrize("user_model", ["uuid", "code", "inherited", "card"])
def test_odd_models_under_other_user_models(user_model: str) -> None:
    """A UUID as key; a code as key and no field called email; an account in two tables; another row's key as its own."""
    assert failures(user_model) == []


@pytest.mark.fault("D15")
@pytest.mark.postgresql
def test_what_a_trigger_or_a_view_copied_is_named_to_staff() -> None:
    """On PostgreSQL the same run makes a trigger's table, a materialised view, arrays and hstore."""
    assert failures("default") == []


def test_a_declared_model_in_a_second_database_is_refused_by_a_check() -> None:
    """A real router, a real second database."""
    assert failures("elsewhere") == []
