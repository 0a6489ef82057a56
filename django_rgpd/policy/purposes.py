"""Purposes: what the shop processes data for, on which bases and for how long (art. 5.1 b, 6, 13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from django_rgpd.policy import shape
from django_rgpd.policy.bases import Basis, Consent, LegitimateInterest, Occasion, Outcome
from django_rgpd.policy.terms import ANY_DAY, COLUMN, Clock, Term, days

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise

EMAIL = "email"
SMS = "sms"
POST = "post"
CHANNELS = (EMAIL, SMS, POST)


_WRITTEN: shape.Tests = {
    "bases": (shape.some(Basis), "a list: [Contract()]"),
    "term": (shape.a(Term), "years(3), months(13), days(30) or UNTIL_WITHDRAWN"),
    "active": (shape.maybe(Term), "years(1)"),
    "clock": (shape.a(Clock), "COLUMN, FISCAL_YEAR_END, LAST_CONTACT, LAST_SALE or ACCOUNT_CLOSED"),
    "channels": (shape.some(str), "a set: {EMAIL}"),
    "ask_again": (shape.maybe(Term), "days(60)"),
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose.

    ``key`` is what declarations and ledgers say; ``label`` and ``description`` are read by people. ``bases`` are tried in
    order. ``channels`` are those on which marketing of this purpose goes out: a purpose with channels is marketing.
    ``active`` is how much of the term staff need the data for in their everyday work, counted by the same clock; the rest is
    intermediate archive (CNIL, deliberation 2005-213). All of it by default. ``ask_again`` is how long before the end of a
    marketing term people are asked, once, whether to go on; None asks nobody. ``reason`` answers a check that finds the term
    outside the usual limits.
    """

    key: str
    label: Text
    bases: Iterable[Basis] = field(kw_only=True)
    term: Term = field(kw_only=True)
    active: Term | None = field(default=None, kw_only=True)
    clock: Clock = field(default=COLUMN, kw_only=True)
    channels: Iterable[str] = field(default=(), kw_only=True)
    ask_again: Term | None = field(default=days(60), kw_only=True)
    description: Text = field(default="", kw_only=True)
    reason: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("bases", "channels"):
            listed = getattr(self, name)
            if isinstance(listed, Iterable) and not isinstance(listed, str):
                object.__setattr__(self, name, tuple(listed))
        shape.refuse(f"Purpose {self.key!r}", self, _WRITTEN)
        object.__setattr__(
            self,
            "channels",
            tuple(c for c in CHANNELS if c in set(self.channels))
            + tuple(sorted(set(self.channels) - set(CHANNELS))),
        )

    @property
    def marketing(self) -> bool:
        """Whether messages of this purpose are marketing (they go out over a channel)."""
        return bool(tuple(self.channels))

    @property
    def objectionable(self) -> bool:
        """Whether an objection ends what it rests on at once: an interest in marketing or profiling (art. 21.2)."""
        return any(isinstance(basis, LegitimateInterest) and basis.marketing for basis in self.bases)

    @property
    def asks_again(self) -> Term | None:
        """How long before the end people are asked whether to go on; None where nobody is.

        Somebody can be asked where a marketing term ends, where mail may ask and where consent may carry it on. A term of
        less than twice as long asks nobody: a question right after the answer is none.
        """
        ahead = self.ask_again
        if ahead is None or ahead.endless or self.term.endless or EMAIL not in self.channels:
            return None
        short = ahead.due(ahead.due(ANY_DAY)) > self.term.due(ANY_DAY)
        return ahead if self.on_consent and not short else None

    @property
    def on_consent(self) -> bool:
        """Whether consent is one of its bases."""
        return any(isinstance(basis, Consent) for basis in self.bases)

    def outcomes(self, occasion: Occasion) -> set[Outcome]:
        """What ``occasion`` does to it, by each of its bases."""
        return {basis.outcome(occasion) for basis in self.bases}

    @property
    def while_active(self) -> Purpose:
        """The same purpose for as long as it is in everyday use."""
        return self if self.active is None else replace(self, term=self.active, active=None)

    @property
    def outlives_erasure(self) -> bool:
        """Whether the law, or an interest that says so, keeps its data after an erasure."""
        return Outcome.STANDS in self.outcomes(Occasion.ERASURE)

    @property
    def survives_erasure(self) -> str:
        """The sentence by which a legitimate interest outlives an erasure, or nothing."""
        for basis in self.bases:
            if isinstance(basis, LegitimateInterest) and basis.survives_erasure:
                return str(basis.survives_erasure)
        return ""
