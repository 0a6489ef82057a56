"""A declared model as the sweep sees it: every row with all its personal fields, and what of that is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from django_rgpd.core.errors import Misconfigured
from django_rgpd.erasure import reach, statements
from django_rgpd.erasure.reach import Reach
from django_rgpd.policy import Occasion
from django_rgpd.registry import holds
from django_rgpd.registry.conditions import ALWAYS, NEVER, any_of, not_
from django_rgpd.registry.order import readers_first
from django_rgpd.retention.window import by_columns

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from django_rgpd.registry import Entry


def swept(only: Collection[str] = ()) -> list[Entry]:
    """Declared models, each before what its paths lead to; accounts end by a road of their own, with warnings (``accounts``).

    ``only``: labels, in any case, to restrict to. Raises ``Misconfigured`` for a label that is not declared.
    """
    wanted = {label.lower(): label for label in only}
    found = [
        entry
        for entry in reach.entries()
        if (not wanted or entry.label.lower() in wanted) and not of_accounts(entry)
    ]
    unknown = wanted.keys() - {entry.label.lower() for entry in found}
    if unknown:
        labels = ", ".join(sorted(wanted[one] for one in unknown))
        raise Misconfigured(
            _("Not declared, or not swept (accounts end after warnings): %(labels)s.") % {"labels": labels}
        )
    return readers_first(found)


def of_accounts(entry: Entry) -> bool:
    """Whether ``entry`` is the user model's."""
    return entry.model._meta.concrete_model is get_user_model()._meta.concrete_model


def whole(entry: Entry, *, now: datetime, standing: holds.Holds | None = None) -> Reach:
    """Every row of ``entry`` with all its personal fields, whoever they belong to; what is held does not fall.

    ``standing``: the holds, where the caller has read them for all models at once.
    """
    if standing is None:
        standing = holds.standing()
    groups = tuple(
        group
        for role in entry.people
        for group in reach.grouped(entry, entry.fields_of(role), Occasion.TERM, now=now, holds=standing)
    )
    where = ALWAYS
    if entry.declaration.ask is not None:
        # What a person chose to leave behind, nobody's any more, is not a row that has come to its end.
        where = not_(reach.erased(entry, entry.declaration.fields))
    return Reach(
        entry=entry,
        role=entry.main_role,
        where=where,
        groups=groups,
        deletes=reach.deletes(entry, {}),
        holds=standing,
        settled=where == ALWAYS and by_columns(entry, groups, now=now),
    )


def kept_to(part: Reach, standing: holds.Holds, *, now: datetime) -> Reach:
    """``part`` with what ``standing`` holds left out: a hold may have been placed since it was found."""
    if part.holds == standing:
        return part
    fresh = whole(part.entry, now=now, standing=standing)
    return replace(part, groups=fresh.groups, settled=fresh.settled, holds=standing)


def rows_due(part: Reach) -> QuerySet[Model]:
    """The rows of ``part``, hidden ones too, on which something falls that is not erased yet, and those that go."""
    leaving = statements.leaving(part) if part.deletes else NEVER
    if len(part.groups) == 1 and leaving is part.groups[0].released:  # whatever falls, goes
        return statements.rows_in(part, leaving)
    return statements.rows_in(part, any_of(leaving, statements.pending(part.entry, part.groups)))
