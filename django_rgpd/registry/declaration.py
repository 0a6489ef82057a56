"""A declaration: where personal data lives in one model, whose it is, and which purposes each field serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from django_rgpd.policy.categories import IDENTITY, Category
from django_rgpd.policy.terms import Term
from django_rgpd.registry.who import Who

if TYPE_CHECKING:
    from django.db.models import Q

    from django_rgpd.policy.purposes import Text
    from django_rgpd.registry.actions import Action

GIVEN = "given"
"""Provided by the person (portable, art. 20)."""
OBSERVED = "observed"
"""Observed of what the person does (portable)."""
DERIVED = "derived"
"""Concluded by the shop (access only)."""


@dataclass(frozen=True, slots=True)
class When:
    """A purpose that serves a field only on rows of which ``condition`` (a Q on the declared model) is true."""

    purpose: str
    condition: Q


@dataclass(frozen=True, slots=True)
class Personal:
    """A personal field: the purposes that it serves, and what happens to it when none of them stands.

    ``of`` names the person of the row whose it is (the first of ``people`` by default). ``category`` is for the register
    and art. 9. ``origin`` says whether the value was given, observed or derived (art. 20). ``label`` is what pages say;
    the model's verbose name by default. ``choice`` names a choice of the deletion page that decides on this field
    ("reviews": kept without a way back, or deleted).
    """

    purposes: tuple[str | When, ...]
    erase: Action
    of: str | None
    category: Category
    origin: str
    label: Text
    export: bool

    def __init__(
        self,
        *purposes: str | When,
        erase: Action,
        of: str | None = None,
        category: Category = IDENTITY,
        origin: str = GIVEN,
        label: Text = "",
        export: bool = True,
    ) -> None:
        values = (purposes, erase, of, category, origin, label, export)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def purpose_keys(self) -> tuple[str, ...]:
        """The keys of its purposes, in the order declared."""
        return tuple(one.purpose if isinstance(one, When) else one for one in self.purposes)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBusiness:
    """Rows on which business with the person is still open (an order under way).

    ``condition``: a Q on the declared model. ``until``: path of the day on which it is expected to close. ``at_most``: the term
    after which an open row is a case for staff. A purpose on a contract stands on open rows when the person asks for erasure.
    """

    condition: Q
    until: str | None = None
    at_most: Term | None = None

    def __init__(self, condition: Q, *, until: str | None = None, at_most: Term | None = None) -> None:
        object.__setattr__(self, "condition", condition)
        object.__setattr__(self, "until", until)
        object.__setattr__(self, "at_most", at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """Rows on which something is not settled: while it is, no term ends and no erasure takes what it needs (art. 17.3 e).

    ``condition``: a Q on the declared model. ``reason``: what the person reads. ``purposes``: those whose fields it needs, none
    for all of the row. ``since`` and ``at_most``: the path of a day, and the term after it past which the claim is barred and
    the row is like any other.
    """

    condition: Q
    reason: Text
    purposes: tuple[str, ...] = ()
    since: str | None = None
    at_most: Term | None = None

    def __init__(
        self,
        condition: Q,
        *,
        reason: Text,
        purposes: Iterable[str] = (),
        since: str | None = None,
        at_most: Term | None = None,
    ) -> None:
        values = (condition, reason, tuple(purposes), since, at_most)
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def concerns(self, purposes: Iterable[str]) -> bool:
        """Whether a field that serves ``purposes`` is needed."""
        return not self.purposes or not set(self.purposes).isdisjoint(purposes)


@dataclass(frozen=True, slots=True)
class Follows:
    """Another row's business: while the row of a declared model at ``path`` is open, unsettled or held, this one is as well."""

    path: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A choice that the deletion page offers for a whole model: keep without a way back to the person, or delete.

    ``key`` is the form's name, ``question`` what the page asks, ``default_keep`` what a silent answer means.
    """

    key: str
    question: Text
    keep: Text
    delete: Text
    default_keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """The column that says when the person paid an order; what ``Customer(within=…)`` and LAST_SALE read."""

    paid_at: str
    where: Q | None = None


@dataclass(frozen=True, slots=True)
class DeleteRow:
    """The row goes when its last personal field falls."""


@dataclass(frozen=True, slots=True)
class KeepFacts:
    """The row stays with its facts when its last personal field fell."""


AtEnd = DeleteRow | KeepFacts


class Declaration:
    """A model's entry in the registry; subclass it in ``<app>/rgpd.py`` under ``@register(Model)``.

    Every field of the model is in ``fields`` (personal), ``facts`` (exported; harmless once the rest is released) or
    ``internal`` (never exported); a primary key needs no mention. The docstring's first line is what the register says
    of the model.
    """

    people: ClassVar[Mapping[str, Who]] = {}
    who: ClassVar[Who | None] = None
    """Short for ``people = {"subject": Who(…)}``."""
    clocks: ClassVar[Mapping[str, str]] = {}
    """Purpose → path of the column that starts its term."""
    contacts: ClassVar[Iterable[str]] = ()
    """Paths of dates on which the first of ``people`` got in touch herself (an order placed, a message received, a login);
    never the shop's own sending. ``rgpd_adopt`` reads them once, of a shop that lived before."""
    open_business: ClassVar[OpenBusiness | Follows | None] = None
    unsettled: ClassVar[Unsettled | Follows | None] = None
    """Without it, a row whose open business follows another follows it here too."""
    fields: ClassVar[Mapping[str, Personal]] = {}
    facts: ClassVar[Iterable[str]] = ()
    internal: ClassVar[Iterable[str]] = ()
    at_end: ClassVar[AtEnd] = DeleteRow()
    ask: ClassVar[Ask | None] = None
    sales: ClassVar[Sales | None] = None
    row_by_row: ClassVar[bool] = False
    """Call the model's own save()/delete() for each row, so that its signals fire; slower."""
    source: ClassVar[Text] = ""
    """Where the data came from when not from the person (art. 14.2 f)."""
    label: ClassVar[Text] = ""
    """What pages call the rows; the model's verbose_name_plural by default."""
    currency: ClassVar[str | None] = None
    """The column that says the currency of the model's amounts (for exports)."""
