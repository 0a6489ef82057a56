"""The rule told a second time, in plain Python and without the library: what must stand in the shop after each step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

PARIS = ZoneInfo("Europe/Paris")


@dataclass(eq=False)
class Somebody:
    """One person as the shop may know her: by an account, or by an address that she proved."""

    mailbox: str
    account: int | None = None
    proven: bool = False
    agreed: bool = False
    uuid: object = None
    merged: set[object] = field(default_factory=set)
    """The people who turned out to be her."""

    @property
    def every(self) -> set[object]:
        """All the names by which the ledger may know her."""
        return {self.uuid, *self.merged}


@dataclass(eq=False)
class Bought:
    """An order, with the payment that follows it and its invoice."""

    mailbox: str
    account: int | None
    gift: str | None
    at: datetime
    open: bool
    invoice: dict[str, object]
    name: bool = True
    recipient: bool = True
    payment: bool = True
    held: bool = False
    """Staff hold it for a dispute, with its payment and its invoice."""
    asked: set[str] = field(default_factory=set)
    """Roles whose person was erased while it was open or held."""

    @property
    def left(self) -> bool:
        """Whether anything of it, of its payment or of its invoice is there still."""
        return self.name or (self.recipient and bool(self.gift)) or self.payment or bool(self.invoice)


@dataclass(eq=False)
class Wrote:
    """A message through the contact form."""

    mailbox: str
    account: int | None
    at: datetime


@dataclass(eq=False)
class Shop:
    """Everything, by key."""

    people: list[Somebody] = field(default_factory=list)
    orders: dict[int, Bought] = field(default_factory=dict)
    messages: dict[int, Wrote] = field(default_factory=dict)

    def erase(self, who: Somebody, now: datetime) -> None:
        """All of hers but the invoices, and what a dispute, or an open order whose term is not over, needs."""
        hers = []
        for order in self.orders.values():
            buyer = _hers(order, who)
            recipient = who.proven and order.gift == who.mailbox
            order.asked |= {"buyer"} if buyer else set()
            order.asked |= {"recipient"} if recipient else set()
            hers += [order] if buyer or recipient else []
        self.messages = {key: one for key, one in self.messages.items() if not _hers(one, who)}
        self.people = [one for one in self.people if one is not who]
        self.close(hers)
        for order in (one for one in hers if one.open and not one.held):
            if "buyer" in order.asked:
                order.name = order.name and not _over(order, relativedelta(years=3), now)
                order.payment = order.payment and not _over(order, relativedelta(months=15), now)
            if "recipient" in order.asked:
                order.recipient = order.recipient and not _over(order, relativedelta(years=3), now)

    def erase_again(self, gone: Somebody, now: datetime) -> None:
        """After a restore: ``gone`` as she was when she was erased, whoever of her this shop knows."""
        for one in [one for one in self.people if one.every & gone.every]:
            self.people.remove(one)
        self.erase(gone, now)

    def close(self, orders: Iterable[Bought] | None = None) -> None:
        """Release what was asked for and is neither open nor held any more."""
        for order in self.orders.values() if orders is None else orders:
            if order.open or order.held:
                continue
            if "buyer" in order.asked:
                order.name = order.payment = False
            if "recipient" in order.asked:
                order.recipient = False
            order.asked.clear()

    def pass_to(self, now: datetime) -> None:
        """The terms: orders three years, payments fifteen months, messages one, invoices ten from the end of the year."""
        today = _day(now)
        for order in (one for one in self.orders.values() if not one.held):
            if _day(order.at) + relativedelta(years=3) <= today:
                order.name = order.recipient = False
            if _day(order.at) + relativedelta(months=15) <= today:
                order.payment = False
            if order.invoice and date(_day(order.at).year + 10, 12, 31) <= today:
                order.invoice = {}
        self.messages = {
            key: one for key, one in self.messages.items() if _day(one.at) + relativedelta(years=1) > today
        }

    def accounts(self) -> set[int]:
        """Accounts whose row is there: those of living people, and those that a row not yet released refers to."""
        living = {one.account for one in self.people}
        held = {one.account for one in self.orders.values() if one.name}
        return {key for key in living | held if key is not None}


def _hers(row: Bought | Wrote, who: Somebody) -> bool:
    if row.account is not None:
        return row.account == who.account
    return who.proven and row.mailbox == who.mailbox


def _over(order: Bought, term: relativedelta, now: datetime) -> bool:
    return _day(order.at) + term <= _day(now)


def _day(at: datetime) -> date:
    return at.astimezone(PARIS).date()


BEGINNING = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
