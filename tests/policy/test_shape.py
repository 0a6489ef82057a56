"""A policy in another form than it is read in says at once what to write, and of which purpose."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from django_rgpd.policy import EMAIL, Consent, Contract, Controller, Policy, Purpose, years


def _purpose(**arguments: Any) -> Purpose:
    return Purpose("orders", "Orders", **{"bases": [Contract()], "term": years(3), **arguments})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"bases": [Contract]},
            "bases has the class Contract in it, and is written as a list: [Contract()].",
        ),
        ({"bases": Contract()}, "bases is a Contract, and is written as a list: [Contract()]."),
        ({"term": 3}, "term is a int, and is written as years(3), months(13)"),
        ({"active": 1}, "active is a int, and is written as years(1)."),
        ({"clock": "last_sale"}, "clock is a str, and is written as COLUMN, FISCAL_YEAR_END, LAST_CONTACT"),
        ({"channels": {EMAIL, None}}, "channels has a NoneType in it, and is written as a set: {EMAIL}."),
        ({"channels": EMAIL}, "channels is a str, and is written as a set: {EMAIL}."),
        ({"ask_again": 60}, "ask_again is a int, and is written as days(60)."),
    ],
)
def test_a_purpose_in_another_form_says_what_to_write(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError) as refused:
        _purpose(**arguments)
    assert str(refused.value).startswith(f"Purpose 'orders': {words}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"version": "2026-11-01"}, "version is a str, and is written as date(2026, 11, 1)."),
        ({"controller": "My shop"}, "controller is a str, and is written as Controller(name=…)."),
        (
            {"purposes": ["orders"]},
            "purposes has a str in it, and is written as a list: [Purpose(…), Purpose(…)].",
        ),
        ({"answer_within": 15}, "answer_within is a int, and is written as days(15) or months(1)."),
    ],
)
def test_a_policy_in_another_form_says_what_to_write(arguments: dict[str, Any], words: str) -> None:
    right = {"version": date(2026, 11, 1), "controller": Controller(name="My shop"), "purposes": [_purpose()]}
    with pytest.raises(TypeError) as refused:
        Policy(**{**right, **arguments})
    assert str(refused.value) == f"Policy: {words}"


def test_any_iterable_is_as_good_as_a_list() -> None:
    purpose = _purpose(bases=(one for one in [Contract(), Consent()]), channels=(one for one in [EMAIL]))
    assert purpose.bases == (Contract(), Consent())
    assert purpose.channels == (EMAIL,)
