"""Legal bases (GDPR art. 6), the conditions under which each holds, and what each occasion does to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from django_rgpd.policy.categories import HEALTH, Category

if TYPE_CHECKING:
    from django_rgpd.policy.terms import Term


class Occasion(Enum):
    """Why the engine asks whether a purpose stands."""

    TERM = "term"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    OBJECTION = "objection"


class Outcome(Enum):
    """What an occasion does to a purpose that rests on one basis."""

    FALLS = "falls"
    STANDS = "stands"
    STANDS_WHILE_OPEN = "open business"
    """Falls, except on rows of open business."""
    STANDS_ON_CONSENT = "consent"
    """Stands only while a live consent of the person exists."""
    CASE = "case"
    """Stands until staff decide (objection to another legitimate interest, art. 21.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Holds for a person who paid an order within ``within``."""

    within: Term


@dataclass(frozen=True, slots=True)
class Basis:
    """One legal basis of a purpose.

    ``when`` limits it to people of whom the condition is true; ``holds_for`` says which categories of data it may carry.
    """

    reference: str = ""
    when: Customer | None = None

    on_erasure: ClassVar[Outcome] = Outcome.FALLS
    on_withdrawal: ClassVar[Outcome] = Outcome.STANDS
    on_objection: ClassVar[Outcome] = Outcome.STANDS
    name: ClassVar[str] = ""

    def outcome(self, occasion: Occasion) -> Outcome:
        """What ``occasion`` does to a purpose resting on this basis whose term is not over."""
        return {
            Occasion.TERM: self._on_term(),
            Occasion.ERASURE: self.on_erasure,
            Occasion.WITHDRAWAL: self.on_withdrawal,
            Occasion.OBJECTION: self.on_objection,
        }[occasion]

    def holds_for(self, category: Category) -> bool:
        """Whether this basis may carry data of ``category`` (art. 9: health data on explicit consent only)."""
        return category is not HEALTH

    def _on_term(self) -> Outcome:
        return Outcome.STANDS


@dataclass(frozen=True, slots=True)
class LegalObligation(Basis):
    """The law demands it (art. 6.1 c, 17.3 b); ``reference`` names the text."""

    on_erasure: ClassVar[Outcome] = Outcome.STANDS
    name: ClassVar[str] = "legal obligation"


@dataclass(frozen=True, slots=True)
class LegalClaims(Basis):
    """Establishing, exercising or defending legal claims (art. 17.3 e)."""

    on_erasure: ClassVar[Outcome] = Outcome.STANDS
    name: ClassVar[str] = "legal claims"


@dataclass(frozen=True, slots=True)
class Contract(Basis):
    """Needed for the contract with the person (art. 6.1 b); ends on erasure except for open business."""

    on_erasure: ClassVar[Outcome] = Outcome.STANDS_WHILE_OPEN
    name: ClassVar[str] = "contract"


@dataclass(frozen=True, slots=True)
class Consent(Basis):
    """The person's own consent (art. 6.1 a, 7): stands only while a live consent exists."""

    on_withdrawal: ClassVar[Outcome] = Outcome.FALLS
    on_objection: ClassVar[Outcome] = Outcome.FALLS
    name: ClassVar[str] = "consent"

    def holds_for(self, category: Category) -> bool:
        """Consent may carry every category (art. 9.2 a)."""
        return True

    def _on_term(self) -> Outcome:
        return Outcome.STANDS_ON_CONSENT


@dataclass(frozen=True, slots=True)
class LegitimateInterest(Basis):
    """A legitimate interest (art. 6.1 f).

    ``marketing`` (soft opt-in, profiling, direct marketing) falls at once on an objection (art. 21.2); another
    one opens a case. ``survives_erasure`` is the sentence that the deletion page prints where it outlives an erasure.
    """

    marketing: bool = True
    survives_erasure: str = ""
    name: ClassVar[str] = "legitimate interest"

    def outcome(self, occasion: Occasion) -> Outcome:
        """As ``Basis.outcome``, with the two choices of a legitimate interest."""
        if occasion is Occasion.ERASURE and self.survives_erasure:
            return Outcome.STANDS
        if occasion is Occasion.OBJECTION:
            return Outcome.FALLS if self.marketing else Outcome.CASE
        return Basis.outcome(self, occasion)
