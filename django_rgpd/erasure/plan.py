"""The plan of an erasure, made in one statement: what would go, what would stay, why and until which day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django_rgpd.erasure import telling
from django_rgpd.erasure.counting import Answer, Question, answers
from django_rgpd.erasure.lines import Asking, Blocked, Going, Keeping, Open, Plan, Staying, together
from django_rgpd.erasure.questions import asked_of
from django_rgpd.erasure.reach import Choices, Reach, of
from django_rgpd.policy import Occasion
from django_rgpd.registry import Subject, holds

__all__ = ["Drawn", "Plan", "draw", "plan", "said"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan, with all that it reaches and counted: what ``release`` has to go through in the same transaction.

    ``beside``: the answers to what the caller asked in the same statement.
    """

    plan: Plan
    reaches: tuple[Reach, ...]
    beside: tuple[Answer, ...] = ()
    named: telling.Names = field(default_factory=telling.Names)
    """What leads to her at processors."""


def plan(
    subject: Subject,
    *,
    now: datetime,
    since: datetime | None = None,
    choices: Choices | None = None,
    standing: holds.Holds | None = None,
    vetted: bool = False,
) -> Plan:
    """What erasing ``subject`` would do now (GDPR art. 17): one statement, however many rows she has.

    ``since``: when she asked, if that was not now. ``choices`` as in ``reach.Choices``. ``standing``: the holds to keep to;
    without it those that stand are read (one more statement), her own restrictions aside. ``vetted``: as in
    ``telling.names``. Nothing is changed.
    """
    return draw(subject, now=now, since=since, choices=choices, standing=standing, vetted=vetted).plan


def draw(
    subject: Subject,
    *,
    now: datetime,
    since: datetime | None = None,
    choices: Choices | None = None,
    standing: holds.Holds | None = None,
    vetted: bool = False,
    beside: Sequence[Question] = (),
) -> Drawn:
    """The plan of ``plan``, with what it reaches. ``beside``: questions of the caller's, asked in the same statement."""
    if standing is None:
        standing = holds.for_erasure(subject, holds.standing())
        subject = holds.sparing(subject, standing)
    asked = [
        (reach, list(asked_of(reach, now=now, since=since or now, standing=standing)))
        for reach in of(subject, Occasion.ERASURE, now=now, choices=choices or {}, holds=standing)
    ]
    given = answers([*beside, *(one.question for _reach, questions in asked for one in questions)])
    counted = iter(given[len(beside) :])
    lines: list[object] = []
    reached: list[Reach] = []
    for reach, questions in asked:
        answered = [(one, next(counted)) for one in questions]
        lines += [one.line(answer) for one, answer in answered if answer.count]
        counts = [answer.count for one, answer in answered if one.falls]
        whole = not any(counts) or (len(counts) == len(reach.groups) and len(set(counts)) == 1)
        reached.append(reach.counting(max(counts, default=0) if whole else None))
    made = Plan(
        goes=together(lines, Going),
        stays=together(lines, Staying),
        open=together(lines, Open),
        asks=together(lines, Asking),
        blocked=together(lines, Blocked),
        keeps=together(lines, Keeping),
    )
    named = telling.names(subject, vetted=vetted)
    made = replace(made, told=telling.lines(named, waits=made.waits))
    return Drawn(made, tuple(reached), tuple(given[: len(beside)]), named)


def said(choices: Mapping[str, object] | None) -> dict[str, object]:
    """Choices as the engine reads and the ledger keeps them: texts and booleans only."""
    return {
        str(key): value if isinstance(value, bool) else str(value) for key, value in (choices or {}).items()
    }
