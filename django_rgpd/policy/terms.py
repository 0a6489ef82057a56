"""Terms: how long a purpose keeps a value, and the clock that starts it, in calendar units computed forward."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache

from dateutil.relativedelta import relativedelta


class Clock(Enum):
    """What starts a term: the declared column as it is, or a day that follows from it or from the person."""

    COLUMN = "column"
    FISCAL_YEAR_END = "fiscal_year_end"
    LAST_CONTACT = "last_contact"
    LAST_SALE = "last_sale"
    ACCOUNT_CLOSED = "account_closed"


COLUMN = Clock.COLUMN
FISCAL_YEAR_END = Clock.FISCAL_YEAR_END
LAST_CONTACT = Clock.LAST_CONTACT
LAST_SALE = Clock.LAST_SALE
ACCOUNT_CLOSED = Clock.ACCOUNT_CLOSED

PERSONAL_CLOCKS = frozenset({LAST_CONTACT, LAST_SALE, ACCOUNT_CLOSED})
"""Clocks that the person carries, rather than a column of the row."""


LONGEST = 1_000
"""Years: a longer term is a slip of the pen, and would leave the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A length of time in calendar units (GDPR art. 5.1 e).

    A term without a length (``UNTIL_WITHDRAWN``) never ends by itself. Raises ``TypeError`` for what is no whole number, and
    ``ValueError`` for one below zero, which would end before it began, or of more than ``LONGEST`` years.
    """

    years: int = 0
    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        for name in ("years", "months", "days"):
            number = getattr(self, name)
            if type(number) is not int:
                msg = f"{name}({number!r}): a term is a whole number of {name}."
                raise TypeError(msg)
            if number < 0:
                msg = f"{name}({number}): a term counts forward, and is no number below zero."
                raise ValueError(msg)
        if self.years + self.months / 12 + self.days / 365 > LONGEST:
            msg = (
                f"A term of more than {LONGEST} years: write UNTIL_WITHDRAWN for what does not end by itself."
            )
            raise ValueError(msg)

    @property
    def endless(self) -> bool:
        """Whether only a withdrawal, an objection or an erasure ends what stands under this term."""
        return not (self.years or self.months or self.days)

    @property
    def length(self) -> relativedelta:
        """The term as calendar arithmetic takes it."""
        return relativedelta(years=self.years, months=self.months, days=self.days)

    def due(self, start: date) -> date:
        """The first day on which the term is over, counted forward from ``start`` (the clock's legal day).

        Raises ``ValueError`` for an endless term.
        """
        if self.endless:
            msg = "An endless term has no due day."
            raise ValueError(msg)
        return start + self.length

    def cutoff(self, today: date) -> date:
        """The last start day whose due day has come by ``today``.

        Months have different lengths, so ``today - term`` can miss a day whose due day is today: the days
        around it are tried forward.
        """
        length = self.length
        guess = today - length
        best = guess - timedelta(days=4)
        for shift in range(-3, 5):
            start = guess + timedelta(days=shift)
            if start + length <= today:
                best = start
        return best


UNTIL_WITHDRAWN = Term()


def years(number: int) -> Term:
    """A term of ``number`` calendar years, one at least. Raises ``TypeError`` and ``ValueError`` as ``Term`` does."""
    return _some(Term(years=number), "years")


def months(number: int) -> Term:
    """A term of ``number`` calendar months, one at least. Raises as ``years`` does."""
    return _some(Term(months=number), "months")


def days(number: int) -> Term:
    """A term of ``number`` days, one at least. Raises as ``years`` does."""
    return _some(Term(days=number), "days")


def _some(term: Term, unit: str) -> Term:
    if term.endless:
        msg = f"{unit}(0) has no length: write UNTIL_WITHDRAWN for what only a withdrawal or an erasure ends."
        raise ValueError(msg)
    return term


ANY_DAY = date(2001, 1, 1)
"""To compare two terms by: which of two is longer is the same on every day but for some days of a month."""


def shortest(terms: Iterable[Term]) -> Term:
    """The one of ``terms`` that ends first: one that ends at all, where there is one. Raises ``ValueError`` for none."""
    return min(terms, key=lambda one: date.max if one.endless else one.due(ANY_DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalYear:
    """The day and month on which the shop's fiscal year ends."""

    month: int = 12
    day: int = 31

    def end_of(self, day: date) -> date:
        """The last day of the fiscal year in which ``day`` lies."""
        this = self._end_in(day.year)
        return this if day <= this else self._end_in(day.year + 1)

    def last_start(self, end: date) -> date:
        """The last day whose fiscal year has ended on or before ``end``."""
        this = self._end_in(end.year)
        return this if this <= end else self._end_in(end.year - 1)

    def _end_in(self, year: int) -> date:
        return date(year, 1, 1) + relativedelta(month=self.month, day=self.day)


def start_of(clock: Clock, day: date, fiscal_year: FiscalYear) -> date:
    """The day from which a term under ``clock`` counts, for a declared column that says ``day``."""
    return fiscal_year.end_of(day) if clock is FISCAL_YEAR_END else day


@lru_cache(maxsize=1_024)  # a day asks it of each field, and the answer of a day is always the same
def last_start(clock: Clock, term: Term, today: date, fiscal_year: FiscalYear) -> date:
    """The last column day whose due day under ``clock`` and ``term`` has come by ``today``."""
    cutoff = term.cutoff(today)
    return fiscal_year.last_start(cutoff) if clock is FISCAL_YEAR_END else cutoff
