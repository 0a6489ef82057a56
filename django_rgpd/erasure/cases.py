"""One erasure under way: who, on which way, which holds it keeps to, and what it would reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django_rgpd.consent import suppress
from django_rgpd.erasure import sessions
from django_rgpd.erasure.counting import Question
from django_rgpd.erasure.plan import Drawn, draw
from django_rgpd.registry import Subject, ending, holds, people
from django_rgpd.registry.models import Person

BY_TERM = "term"
"""The way of an erasure that nobody asked for: the account's term is over."""

OWN_PAGES = frozenset({"account", "link"})
"""The ways on which a person asks on a page that she reads herself."""


@dataclass(frozen=True, slots=True)
class Case:
    """One erasure under way; ``asked_at`` lies before ``now`` where it is done again on a restored dump."""

    person: Person
    known: people.Known
    user: Any
    choices: Mapping[str, object]
    how: str
    actor: str
    asked_at: datetime
    now: datetime
    standing: holds.Holds
    """The holds that this erasure keeps to."""
    ended: holds.Holds
    """Her own restrictions, which it ends."""

    @property
    def subject(self) -> Subject:
        """As the engine carries her."""
        return self.known.subject

    @property
    def again(self) -> bool:
        """Whether she was told already."""
        return self.asked_at != self.now


def drawn_of(case: Case) -> Drawn:
    """The plan of ``case``; the same statement asks what else there is of hers to end."""
    subject = case.subject
    rows = (sessions.of(users_of(subject)), suppress.about(subject.uuids))
    beside = [Question(rows=one) for one in (*rows, *(each.rows(subject) for each in ending.every()))]
    vetted = case.how not in OWN_PAGES | {BY_TERM}
    return draw(
        subject,
        now=case.now,
        choices=case.choices,
        standing=case.standing,
        vetted=vetted,
        beside=beside,
    )


def holds_of(subject: Subject, how: str) -> tuple[holds.Holds, holds.Holds]:
    """The holds that are kept to and those that end: her own restrictions, unless nobody asked for this erasure."""
    found = holds.standing(steady=True)
    kept = found if how == BY_TERM else holds.for_erasure(subject, found)
    return kept, tuple(one for one in found if one not in kept)


def users_of(subject: Subject) -> list[str]:
    """The key of her account as text, where she has one."""
    return [] if subject.user_key is None else [str(subject.user_key)]
