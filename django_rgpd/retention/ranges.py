"""Ranges of a table by its key: a long sweep is cut into them, each a transaction of its own and, shared, a job of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from django_rgpd.erasure.one_by_one import walks
from django_rgpd.erasure.reach import narrowed
from django_rgpd.erasure.statements import rows_of, using
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, Gone
from django_rgpd.registry import holds, registry
from django_rgpd.registry.columns import read_key, written_key
from django_rgpd.registry.conditions import ALWAYS, all_of
from django_rgpd.retention import marks
from django_rgpd.retention.releasing import release
from django_rgpd.retention.whole import whole

if TYPE_CHECKING:
    from django_rgpd.registry import Entry

SIZE = 50_000
"""Rows of a range: large enough to cost what one statement over the table costs, small enough to hold no lock for long."""

WALKED = 1_000
"""The same where rows are read and written one by one: on SQLite nobody else writes meanwhile."""

JOB = "retention.range"


@dataclass(frozen=True, slots=True)
class Range:
    """Rows with a key above ``after`` and up to ``upto``; None is the end of the table."""

    after: object | None = None
    upto: object | None = None

    @property
    def where(self) -> Q:
        """True of its rows."""
        above = ALWAYS if self.after is None else Q(pk__gt=self.after)
        return all_of(above, ALWAYS if self.upto is None else Q(pk__lte=self.upto))


def size_of(entry: Entry, size: int) -> int:
    """How many rows of ``entry`` are released at once: ``size``, or fewer where they are written one by one."""
    return min(size, WALKED) if walks(entry) else size


def ranges(entry: Entry, *, size: int = SIZE) -> Iterator[Range]:
    """The table of ``entry`` in ranges of ``size_of`` rows by its primary key, one short query each; a small table is one."""
    size = size_of(entry, size)
    last: object | None = None
    while True:
        ahead = Range(after=last)
        keys = rows_of(entry, ahead.where).order_by("pk").values_list("pk", flat=True)
        end = next(iter(keys[size - 1 : size]), None)
        if end is None:
            yield ahead
            return
        yield Range(last, end)
        last = end


def cut(entry: Entry, *, now: datetime, size: int = SIZE) -> int:
    """Write a job for each range of ``entry``, in the caller's transaction. Returns how many.

    What is cut into jobs is as good as done: a job is never lost, and does no harm when it is done twice.
    """
    drafts = (jobs.Draft(name=JOB, payload=_payload(entry, one)) for one in ranges(entry, size=size))
    return jobs.put_many(drafts, now=now)


def cut_and_mark(entry: Entry, mark: marks.Mark, *, top: int | None, now: datetime, size: int) -> int:
    """Cut ``entry`` into jobs and say in the same transaction that all its rows were looked at. Returns how many jobs."""
    with transaction.atomic(using=using(entry)):
        number = cut(entry, now=now, size=size)
        marks.complete(entry.label, mark, top=top, now=now)
    return number


def pending() -> set[str]:
    """The labels of models of which ranges wait or are being worked on."""
    unended = Job.objects.filter(name=JOB, state__in=[State.WAITING, State.RUNNING])
    return set(unended.order_by().values_list("payload__label", flat=True).distinct())


@jobs.job(JOB)
def release_range(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Release what is due in one range."""
    entry = next((one for one in registry if one.label == payload["label"]), None)
    if entry is None:
        raise Gone(_("The model is not declared any more."))
    if not marks.adopted(entry):
        raise Declined(_("The policy of the model waits for an approval."))
    whole_table = whole(entry, now=now, standing=holds.standing())
    one = Range(_key(entry, payload["after"]), _key(entry, payload["upto"]))
    release(narrowed(whole_table, one.where), now=now)


def _payload(entry: Entry, one: Range) -> jobs.Payload:
    return {"label": entry.label, "after": _text(entry, one.after), "upto": _text(entry, one.upto)}


def _text(entry: Entry, key: object | None) -> str | None:
    return None if key is None else written_key(entry.model, key)


def _key(entry: Entry, text: object) -> object | None:
    return None if text is None else read_key(entry.model, str(text))
