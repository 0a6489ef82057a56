"""Terms are calendar units, counted forward."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import django_rgpd
from django_rgpd.policy import (
    EMAIL,
    FISCAL_YEAR_END,
    POST,
    UNTIL_WITHDRAWN,
    Consent,
    FiscalYear,
    Purpose,
    Term,
    days,
    months,
    years,
)
from django_rgpd.policy.own import CLICKS, MAILINGS, OPENINGS, beside
from django_rgpd.policy.terms import COLUMN, last_start, shortest, start_of

FIRST = date(2016, 1, 1)
STARTS = [FIRST + timedelta(days=number) for number in range(4_383)]
TERMS = [months(1), months(2), months(13), months(15), months(36), years(1), years(3), years(10), days(30)]
MIXED = [*TERMS, Term(years=1, months=1, days=1), Term(months=1, days=30)]


@pytest.mark.fault("K01")
@pytest.mark.parametrize(
    ("start", "due"),
    [
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2026, 1, 30), date(2026, 2, 28)),
        (date(2024, 2, 29), date(2024, 3, 29)),
        (date(2026, 8, 31), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_a_month_ends_on_the_same_day_or_the_last(start, due):
    assert months(1).due(start) == due


@pytest.mark.fault("K02")
def test_three_years_are_not_1095_days():
    assert years(3).due(date(2023, 3, 1)) == date(2026, 3, 1)
    assert years(3).due(date(2024, 2, 29)) == date(2027, 2, 28)


@pytest.mark.fault("K02")
@pytest.mark.parametrize("room", ["policy", "registry", "retention"])
def test_no_month_is_counted_in_days(room):
    for file in (Path(django_rgpd.__file__).parent / room).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "timedelta":
                numbers = [keyword.value for keyword in node.keywords if keyword.arg == "days"]
                assert not [n for n in numbers if isinstance(n, ast.Constant) and n.value >= 28], file.name


@pytest.mark.parametrize("term", MIXED, ids=str)
def test_cutoff_is_the_last_start_that_is_due_for_every_day_of_twelve_years(term):
    dues = [(term.due(start), start) for start in STARTS]
    latest, number = None, 0
    for today in STARTS:
        while number < len(dues) and dues[number][0] <= today:
            latest = dues[number][1]
            number += 1
        if latest is not None:
            assert term.cutoff(today) == latest, today


def test_today_minus_the_term_is_late_on_some_days():
    late = [start for start in STARTS if months(13).due(start) - months(13).length < start]
    assert len(late) == 81


@given(
    today=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    term=st.builds(Term, years=st.integers(0, 30), months=st.integers(0, 40), days=st.integers(0, 60)).filter(
        lambda term: not term.endless
    ),
)
def test_the_day_after_a_cutoff_is_not_due(today, term):
    cutoff = term.cutoff(today)
    assert term.due(cutoff) <= today < term.due(cutoff + timedelta(days=1))


@pytest.mark.parametrize(
    "year", [FiscalYear(), FiscalYear(month=2, day=29), FiscalYear(month=6, day=30)], ids=str
)
def test_a_fiscal_cutoff_equals_brute_force(year):
    term = years(10)
    for today in STARTS[::17]:
        last = last_start(FISCAL_YEAR_END, term, today, year)
        for start in (last, last - timedelta(days=200)):
            assert term.due(start_of(FISCAL_YEAR_END, start, year)) <= today
        assert term.due(start_of(FISCAL_YEAR_END, last + timedelta(days=1), year)) > today


def test_an_invoice_of_any_day_stays_ten_years_from_the_end_of_its_fiscal_year():
    assert start_of(FISCAL_YEAR_END, date(2026, 1, 1), FiscalYear()) == date(2026, 12, 31)
    assert start_of(FISCAL_YEAR_END, date(2026, 12, 31), FiscalYear()) == date(2026, 12, 31)
    assert start_of(COLUMN, date(2026, 1, 1), FiscalYear()) == date(2026, 1, 1)
    assert start_of(FISCAL_YEAR_END, date(2026, 7, 1), FiscalYear(month=6, day=30)) == date(2027, 6, 30)


def test_an_endless_term_has_no_due_day():
    with pytest.raises(ValueError, match="endless"):
        UNTIL_WITHDRAWN.due(FIRST)


@pytest.mark.parametrize(
    ("terms", "first"),
    [
        ([years(1), months(11), UNTIL_WITHDRAWN], months(11)),
        ([UNTIL_WITHDRAWN, days(400)], days(400)),
        ([days(364), months(12)], days(364)),
        ([UNTIL_WITHDRAWN], UNTIL_WITHDRAWN),
    ],
)
def test_the_shortest_of_some_terms_is_the_one_that_ends_first(terms: list[Term], first: Term) -> None:
    assert shortest(terms) == first


@pytest.mark.parametrize(
    ("channel", "term", "kept"),
    [
        (EMAIL, months(6), months(6)),
        (EMAIL, years(3), months(12)),
        (EMAIL, UNTIL_WITHDRAWN, months(12)),
        (POST, months(6), months(12)),
    ],
)
def test_what_readers_do_is_kept_no_longer_than_what_is_mailed_for(
    channel: str, term: Term, kept: Term
) -> None:
    offers = Purpose("offers", "Offers", bases=[Consent()], channels={channel}, term=term)
    own = {one.key: one.term for one in beside([offers])}
    assert own[CLICKS] == own[OPENINGS] == kept
    assert own[MAILINGS] == years(1)


@pytest.mark.parametrize(
    ("write", "error", "words"),
    [
        (lambda: days(-5), ValueError, "days(-5): a term counts forward"),
        (lambda: months(-13), ValueError, "months(-13): a term counts forward"),
        (lambda: Term(years=1, days=-1), ValueError, "days(-1): a term counts forward"),
        (lambda: years(0), ValueError, "years(0) has no length: write UNTIL_WITHDRAWN"),
        (lambda: days(0), ValueError, "days(0) has no length: write UNTIL_WITHDRAWN"),
        (lambda: years(10_000), ValueError, "A term of more than 1000 years"),
        (lambda: days(10**12), ValueError, "A term of more than 1000 years"),
        (lambda: months(1.5), TypeError, "months(1.5): a term is a whole number of months."),
        (lambda: days(True), TypeError, "days(True): a term is a whole number of days."),
        (lambda: years("3"), TypeError, "years('3'): a term is a whole number of years."),
    ],
)  # fmt: skip
def test_a_term_that_is_none_is_refused_where_it_is_written(
    write: Callable[[], Term], error: type[Exception], words: str
) -> None:
    """One below zero would release what came in today; one of nothing would keep it for ever."""
    with pytest.raises(error) as refused:
        write()
    assert str(refused.value).startswith(words)
