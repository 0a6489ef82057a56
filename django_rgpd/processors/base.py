"""What a processor is: the steps it can take, what it may be given of a person, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, TypeAlias

from django_rgpd.core.errors import RgpdError
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Outcome

MANY = 500
"""The most people that one step is about."""


class Capability(StrEnum):
    """A step that a processor may be able to take; each is the name of its method."""

    SUBSCRIBE = "subscribe"
    OPT_OUT = "opt_out"
    UPDATE = "update"
    ERASE = "erase"
    SUBSCRIBE_MANY = "subscribe_many"
    OPT_OUT_MANY = "opt_out_many"
    MEMBERS = "members"
    EXPORT = "export"
    RESTRICT = "restrict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """All that a processor is ever told of a person: an address, and the fields that its setting names.

    ``fields``: the vendor's name of a field → its value. ``since``: since when she may be written to for what the step is about,
    because she agreed or, a customer, was offered a way out; ``agreed_at``: since when the consent stands, where it is one. Never
    printed.
    """

    address: str = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    language: str = ""
    since: datetime | None = None
    agreed_at: datetime | None = None
    references: tuple[str, ...] = field(default=(), repr=False)
    """What the shop's own columns name her by there: their ids, or an address as it was typed."""

    @property
    def stands_since(self) -> datetime | None:
        """Since when she may be written to: a refusal of before does not stand."""
        return self.since or self.agreed_at


class Standing(StrEnum):
    """How a processor holds somebody."""

    WRITTEN_TO = "written_to"
    LEFT = "left"
    UNREACHABLE = "unreachable"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody whom a processor holds for a purpose, and since when in this way."""

    address: str = field(repr=False)
    standing: Standing
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """A page of them; ``next`` leads to the one after it, empty where there is none."""

    members: tuple[Member, ...] = field(repr=False)
    next: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt at one step: the job that asks for it, and when. ``key`` is the same at each attempt."""

    job: Job
    now: datetime

    @property
    def key(self) -> str:
        """For vendors who know a repeated request by a key."""
        return str(self.job.uuid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a vendor answered, without anything personal.

    ``absent``: they had nothing of this person. ``reference``: their number of the request. ``status``: the HTTP status.
    ``places``: in how many of their lists, stores or accounts something was changed.
    """

    absent: bool = False
    reference: str = ""
    status: int | None = None
    places: int | None = None

    def as_json(self) -> dict[str, object]:
        """As a job's ``progress`` and the erasure keep it."""
        found = {"reference": self.reference[:100], "status": self.status, "places": self.places}
        return {"absent": self.absent, **{name: value for name, value in found.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of many who were told of at once: ``evidence`` is of all but those in ``refused``, an address → its end.

    The end is ``Declined`` where the vendor said no for good, and ``Alone`` where the step has to be taken for her by herself.
    """

    evidence: Evidence
    refused: Mapping[str, Outcome] = field(default_factory=dict, repr=False)


class Unsupported(RgpdError):
    """A step was asked of a processor that does not declare it: nothing was sent."""


class Unreachable(RgpdError):
    """The vendor did not answer as agreed; trying again may help. ``after``: how long they asked to be left alone."""

    def __init__(self, what: str = "", *, after: timedelta | None = None) -> None:
        super().__init__(what)
        self.after = after


Still: TypeAlias = "Callable[[Sequence[Contact]], Sequence[Contact]]"
"""Of whom a step still stands, by what the shop has decided by now."""

Problems: TypeAlias = Iterator[str]
"""Sentences, each the end of a check's message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """A road to one vendor; its options are the fields of the dataclass, and come from ``RGPD["PROCESSORS"]``.

    A step may be called twice for one job and must then do no harm; whatever it finds not to be there is done. It returns
    its evidence, or raises ``Unreachable`` (tried again), or one of ``outbox.outcomes``: ``NeedsSomeone`` where no attempt
    will help before somebody did something, ``Declined`` where the vendor said no for good, ``Later`` for a date. No
    message of theirs may hold a personal value.
    """

    # What a vendor's class says of itself.

    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    told: ClassVar[bool] = True
    """Whether there is anything to tell it: else it is asked nothing, and only the checks and pages know it."""
    by_hand: ClassVar[bool] = False
    """Whether somebody of the shop does the work."""
    at_once: ClassVar[int] = 4
    """How many calls may be under way at the same time, over all workers."""

    fields: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """The vendor's name of a field → the column of the account's table whose value it is given, or several, put together with
    spaces; ``relation__column`` where another row of the account's has it. Nothing else is given."""
    references: tuple[str, ...] = ()
    """The shop's columns that hold the vendor's ids of people, each as "app.Model.column"."""

    # What a vendor's class implements, as far as it declares it.

    def problems(self) -> Problems:
        """What is wrong with the options, for the system checks; nothing is called."""
        yield from ()

    def serves(self, purpose: str) -> bool:
        """Whether its options say what to do for the marketing purpose ``purpose``."""
        return True

    @property
    def live(self) -> bool:
        """Whether the account that its options name is the one that holds the shop's people, and no test account."""
        return True

    def keeps(self) -> str:
        """Why it is not told of erasures, in words for the person; empty where it is told."""
        return ""

    def leaves(self) -> str:
        """What stays there after an erasure all the same, in words for the person; empty where nothing does."""
        return ""

    def subscribe(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """``contact`` agreed to ``purpose`` in the shop, and the policy lets her be written to."""
        raise self._unsupported(Capability.SUBSCRIBE)

    def opt_out(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """``contact`` must not be written to for ``purpose`` any more."""
        raise self._unsupported(Capability.OPT_OUT)

    def many(self, purpose: str) -> bool:
        """Whether the two steps below say all that there is to say for ``purpose``; else it is told of one person at a time."""
        return True

    def subscribe_many(self, contacts: Sequence[Contact], purpose: str, still: Still, *, call: Call) -> Told:
        """As ``subscribe`` of each of ``contacts``, at most ``MANY``; who needs more than one call of her own is ``Alone``.

        Whatever is sent later than first thing is sent for those only who ``still`` agree.
        """
        raise self._unsupported(Capability.SUBSCRIBE_MANY)

    def opt_out_many(self, contacts: Sequence[Contact], purpose: str, *, call: Call) -> Told:
        """None of ``contacts``, whom they hold, at most ``MANY``, must be written to for ``purpose``."""
        raise self._unsupported(Capability.OPT_OUT_MANY)

    def members(self, purpose: str, *, page: Mapping[str, object] | None = None, call: Call) -> Members:
        """A page of those whom they hold for ``purpose``, the longest unchanged first.

        ``page`` is the ``next`` of the page before. The first has ``since`` (a text of ISO 8601: only who changed after it) and
        ``standings`` (only these); whoever is on two pages is there twice.
        """
        raise self._unsupported(Capability.MEMBERS)

    def update(self, former: Contact, contact: Contact, *, call: Call) -> Evidence:
        """Whoever they know by ``former`` (its address and references) has ``contact``'s address and fields by now (art. 16)."""
        raise self._unsupported(Capability.UPDATE)

    def erase(self, contact: Contact, *, call: Call) -> Evidence:
        """Everything that they hold of ``contact`` goes (art. 17, 19)."""
        raise self._unsupported(Capability.ERASE)

    def export(self, contact: Contact, *, call: Call) -> Iterator[tuple[str, Mapping[str, object]]]:
        """What they hold of ``contact`` (art. 15): the kind of a record, and the record."""
        raise self._unsupported(Capability.EXPORT)

    def restrict(self, contact: Contact, *, call: Call) -> Evidence:
        """What they hold of ``contact`` is kept and not used (art. 18)."""
        raise self._unsupported(Capability.RESTRICT)

    # What it leaves alone.

    def can(self, step: Capability) -> bool:
        """Whether it declares ``step``."""
        return step in self.capabilities

    def _unsupported(self, step: Capability) -> Unsupported:
        return Unsupported(f"{type(self).__name__} does not support {step.value!r}.")
