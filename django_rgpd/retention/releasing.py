"""Releasing a part of a model in a transaction of its own; a row that the database refuses is set aside and named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Q

from django_rgpd.core import conf
from django_rgpd.core.errors import RgpdError
from django_rgpd.erasure import statements
from django_rgpd.erasure.failures import EngineFailed, wrapped
from django_rgpd.erasure.release import Released, carry_out
from django_rgpd.ledger.record import record
from django_rgpd.policy import Occasion
from django_rgpd.registry import holds
from django_rgpd.registry.columns import read_key, written_key
from django_rgpd.registry.conditions import all_of
from django_rgpd.retention.models import SetAside, SweepMark
from django_rgpd.retention.whole import kept_to, rows_due

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from django_rgpd.erasure.reach import Reach
    from django_rgpd.registry import Entry

EVENT = "released"
"""The kind of event that the ledger gets, once a transaction that released something."""

MOST_ASIDE = 100
"""Rows of one part that are set aside: where more are refused it is the table that is at fault, not a row."""

_NOT_THE_ROW = ("OperationalError", "InterfaceError", "ProgrammingError", "NotSupportedError")
"""Kinds of database errors that no row is to blame for."""

_RAISED = "P0001"
"""A trigger's own refusal, which PostgreSQL counts among the errors of programs."""


class RowsRefused(RgpdError):
    """More rows of one part were refused than can be a row's own fault."""


@dataclass(slots=True)
class Done:
    """What became of a part: what was released, and the keys of rows that were set aside, as texts."""

    released: Released = field(default_factory=Released)
    aside: list[str] = field(default_factory=list)


def release(part: Reach, *, now: datetime, done: Done | None = None) -> Done:
    """Release what is due in ``part``, however much, in one transaction; where a row is refused, around it.

    What was done is returned, and added to ``done`` as it is done: where this raises, ``done`` says what was released before.
    Raises ``EngineFailed`` where the database is busy or away, ``RowsRefused`` where too many rows are refused; then nothing of
    the refused ones was changed.
    """
    done = Done() if done is None else done
    try:
        done.released.merge(in_one(part, now=now))
    except Exception as error:  # a row's own save() may raise anything
        if not blames_a_row(error):
            raise
        _around(part, done, now=now)
    return done


def in_one(part: Reach, *, now: datetime) -> Released:
    """Release what is due in ``part`` in a transaction of its own. Raises ``EngineFailed``: then nothing was changed."""
    # Around the transaction: a deferred constraint speaks at its end.
    with wrapped(part.entry.label), transaction.atomic(using=statements.using(part.entry)):
        return released([part], now=now)


def released(parts: Iterable[Reach], *, now: datetime) -> Released:
    """Release what is due in ``parts`` and record it, in the caller's transaction. Raises ``EngineFailed``."""
    done, standing = Released(), holds.standing(steady=True)
    for part in parts:
        done.add(part.entry.label, *carry_out(kept_to(part, standing, now=now), Occasion.TERM, now=now))
    if done.rows:
        record(EVENT, person=None, now=now, how="term", payload=done.as_json())
    return done


def try_again(part: Reach, keys: Sequence[str], *, now: datetime, done: Done | None = None) -> Done:
    """Release the rows that were set aside, each alone; those that are released or gone are set aside no more.

    ``done``: as with ``release``.
    """
    done = Done() if done is None else done
    for key in keys:
        row = Q(pk=read_key(part.entry.model, key))
        try:
            done.released.merge(in_one(replace(part, where=all_of(part.where, row)), now=now))
        except Exception as error:
            if not blames_a_row(error):
                raise
            done.aside.append(key)
    over = [key for key in keys if key not in done.aside]
    SetAside.objects.filter(mark__in=_mark(part.entry), key__in=over).delete()
    return done


def blames_a_row(error: Exception) -> bool:
    """Whether ``error`` may be one row's fault, so that it is worth looking for the row."""
    if isinstance(error, EngineFailed):
        innocent = error.kind.startswith(_NOT_THE_ROW) and not error.kind.endswith(_RAISED)
        return not (error.again or error.busy or innocent)
    return not isinstance(error, RgpdError | ImproperlyConfigured)


def kind_of(error: Exception) -> str:
    """The error's class, with its SQLSTATE where the database raised it: never its text, which may quote the row."""
    return error.kind if isinstance(error, EngineFailed) else type(error).__name__


def _around(part: Reach, done: Done, *, now: datetime) -> None:
    """Halve the rows that are due until those that are refused stand alone."""
    entry = part.entry
    with wrapped(entry.label):
        rows = rows_due(part).order_by("pk")
        left = [list(rows.values_list("pk", flat=True))]
    while left:
        keys = left.pop()
        between = Q(pk__gte=keys[0], pk__lte=keys[-1]) if keys else Q(pk__in=[])
        try:
            done.released.merge(in_one(replace(part, where=all_of(part.where, between)), now=now))
        except Exception as error:
            if not blames_a_row(error):
                raise
            if len(keys) > 1:
                middle = len(keys) // 2
                left += [keys[middle:], keys[:middle]]
            elif len(done.aside) == MOST_ASIDE:
                raise RowsRefused(entry.label) from None
            elif keys:
                done.aside.append(_set_aside(entry, keys[0], kind_of(error), now=now))


def _set_aside(entry: Entry, key: object, why: str, *, now: datetime) -> str:
    text = written_key(entry.model, key)
    for mark in _mark(entry):
        SetAside.objects.update_or_create(
            mark=mark, key=text, defaults={"why": why[:100]}, create_defaults={"why": why[:100], "since": now}
        )
    return text


def _mark(entry: Entry) -> QuerySet[SweepMark]:
    return SweepMark.objects.filter(site=conf.get().SITE, label=entry.label)
