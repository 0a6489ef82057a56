"""A shop's years told in plain Python: who is there, and on which day each thing of theirs has to be gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

PARIS = ZoneInfo("Europe/Paris")

ACCOUNT = ORDER = relativedelta(years=3)
PAYMENT = relativedelta(months=15)
BASKET = relativedelta(months=3)
MESSAGE = relativedelta(years=1)
BOOKS = 10
"""Years, from the end of the year in which an invoice was issued."""


def day_of(at: datetime) -> date:
    """The calendar day in Paris: terms are counted from days, not from instants."""
    return at.astimezone(PARIS).date()


@dataclass(eq=False)
class Customer:
    """Somebody with an account: since when she was not seen, and when she asked to be forgotten."""

    account: int
    seen: date
    left: date | None = None

    @property
    def over(self) -> date:
        """The day on which her account is gone: the one on which she asked, or three years after she was last seen."""
        return self.left or self.seen + ACCOUNT


@dataclass(eq=False)
class Sold:
    """An order with its payment and its invoice."""

    buyer: Customer | None
    placed: date
    closed: date | None
    """When it arrived; until then the shop owes something."""

    @property
    def name_goes(self) -> date | None:
        """Three years after the order; with the buyer's account before, or when it arrives where that is later still."""
        return _first(self.placed + ORDER, self._forgotten)

    @property
    def payment_goes(self) -> date | None:
        """Fifteen months after the payment, and with the account as the order's name."""
        return _first(self.placed + PAYMENT, self._forgotten)

    @property
    def invoice_goes(self) -> date:
        """Ten years after the end of the year."""
        return date(self.placed.year + BOOKS, 12, 31)

    @property
    def _forgotten(self) -> date | None:
        if self.buyer is None:
            return None
        if self.closed is None:
            return date.max
        # What was open when the account went is asked for again the night after it arrived.
        later = self.closed + relativedelta(days=1)
        return self.buyer.over if self.closed <= self.buyer.over else later


@dataclass(eq=False)
class Thing:
    """A basket or a message: gone after its own term, or with the account."""

    buyer: Customer | None
    since: date
    term: relativedelta

    @property
    def goes(self) -> date:
        """The earlier of the two days."""
        return min(self.since + self.term, self.buyer.over if self.buyer else date.max)


@dataclass
class Years:
    """Everything that happened, by primary key."""

    customers: list[Customer] = field(default_factory=list)
    sold: dict[int, Sold] = field(default_factory=dict)
    messages: dict[int, Thing] = field(default_factory=dict)
    baskets: dict[int, Thing] = field(default_factory=dict)

    def accounts(self, today: date) -> set[int]:
        """The accounts whose row is there on ``today``: living ones, and those that an open order still refers to."""
        held = {
            one.buyer.account
            for one in self.sold.values()
            if one.buyer is not None and not gone(one.name_goes, today)
        }
        return held | {one.account for one in self.customers if not gone(one.over, today)}

    def turning(self) -> set[date]:
        """Every day on which something has to go, with the warnings of each account."""
        days = {one.over - relativedelta(days=before) for one in self.customers for before in (30, 7, 0)}
        for one in self.sold.values():
            days |= {
                at for at in (one.name_goes, one.payment_goes, one.invoice_goes) if at not in {None, date.max}
            }
        return days | {one.goes for one in (*self.messages.values(), *self.baskets.values())}


def gone(day: date | None, today: date) -> bool:
    """Whether what has to go on ``day`` is gone after the night of ``today``."""
    return day is not None and day <= today


def _first(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)
