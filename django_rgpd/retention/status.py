"""Whether all is well: cron runs, the outbox moves, nothing waits for staff past its day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.core import clock, conf, keys
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.ledger import door, mirror, whole
from django_rgpd.outbox.daily import PREFIX
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import registry
from django_rgpd.registry.models import Address, Hold, Suppression
from django_rgpd.retention import approval
from django_rgpd.retention.models import SetAside

SILENCE = timedelta(hours=36)
"""A daily duty that was not done for so long means that cron does not run."""

NAMED = 10
"""Rows that a finding names; the admin shows the others."""

STUCK = timedelta(hours=1)
"""A job that is due for so long and was not begun means that nobody works."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not well: a permanent key for programs, and a sentence for people without personal values."""

    key: str
    text: str


def findings(*, now: datetime) -> list[Finding]:
    """All that is not well at ``now``; empty where nothing needs anybody."""
    return [one for look in LOOKS for one in look(now)]


def _silent(now: datetime) -> Iterator[Finding]:
    done = Job.objects.filter(name__startswith=PREFIX, state=State.DONE).order_by("-finished_at")
    last = done.values_list("finished_at", flat=True).first()
    if last is None:
        yield Finding("silent", _("The daily duties were never done: does cron call rgpd_run?"))
    elif last < now - SILENCE:
        day = clock.legal_day(last)
        yield Finding(
            "silent",
            _("The daily duties were last done on %(day)s: does cron call rgpd_run?") % {"day": day},
        )


def _stuck(now: datetime) -> Iterator[Finding]:
    untouched = Q(state=State.WAITING, run_at__lt=now - STUCK, attempts=0)
    dead = Q(state=State.RUNNING, leased_until__lt=now - STUCK)
    number = Job.objects.filter(untouched | dead).count()
    if number:
        text = ngettext(
            "%(number)d job is due for more than an hour.",
            "%(number)d jobs are due for more than an hour.",
            number,
        )
        yield Finding("stuck", text % {"number": number})


def _needing(now: datetime) -> Iterator[Finding]:
    number = Job.objects.filter(state=State.NEEDS).count()
    if number:
        text = ngettext(
            "%(number)d job waits for someone; see the jobs in the admin.",
            "%(number)d jobs wait for someone; see the jobs in the admin.",
            number,
        )
        yield Finding("needs", text % {"number": number})


def _late(now: datetime) -> Iterator[Finding]:
    number = Job.objects.filter(due_at__lt=now, state__in=[State.WAITING, State.RUNNING, State.NEEDS]).count()
    if number:
        text = ngettext("%(number)d job is past its day.", "%(number)d jobs are past their day.", number)
        yield Finding("late", text % {"number": number})


def _open(now: datetime) -> Iterator[Finding]:
    today = clock.legal_day(now)
    number = Erasure.objects.filter(state=ErasureState.OPEN, open_until__lt=today).count()
    if number:
        text = ngettext(
            "%(number)d erased person's order is open past the day that she was told.",
            "%(number)d erased people's orders are open past the day that they were told.",
            number,
        )
        yield Finding("open", text % {"number": number})


def _unreviewed(now: datetime) -> Iterator[Finding]:
    late = Hold.objects.filter(
        lifted_at__isnull=True, ends_at__isnull=True, review_on__lt=clock.legal_day(now)
    )
    number = late.count()
    if number:
        text = ngettext(
            "%(number)d hold is past the day of its review.",
            "%(number)d holds are past the day of their review.",
            number,
        )
        yield Finding("hold", text % {"number": number})


def _astray(now: datetime) -> Iterator[Finding]:
    """Holds on tables that were renamed, or are not declared any more: nothing says which rows they are about."""
    standing = Hold.objects.filter(lifted_at__isnull=True).exclude(label="")
    lost = standing.exclude(label__in=[one.label for one in registry]).order_by()
    for label, number in sorted(lost.values_list("label").annotate(number=Count("pk"))):
        text = ngettext(
            "%(number)d hold is on a row of %(label)s, which is not declared any more: it keeps nothing."
            " Place it anew before the next sweep.",
            "%(number)d holds are on rows of %(label)s, which is not declared any more: they keep nothing."
            " Place them anew before the next sweep.",
            number,
        )
        yield Finding("hold", text % {"number": number, "label": label})


def _approval(now: datetime) -> Iterator[Finding]:
    for one in approval.waiting(now=now):
        text = ngettext(
            "%(label)s: what the policy would newly release waits for an approval (%(rows)d row).",
            "%(label)s: what the policy would newly release waits for an approval (%(rows)d rows).",
            one.rows,
        )
        yield Finding("approval", text % {"label": one.label, "rows": one.rows})


def _set_aside(now: datetime) -> Iterator[Finding]:
    aside: dict[str, list[str]] = {}
    for label, key in SetAside.objects.order_by("mark__label", "pk").values_list("mark__label", "key"):
        aside.setdefault(label, []).append(key)
    for label, found in aside.items():
        text = ngettext(
            "%(label)s: the database refuses to release %(number)d row, with the key %(keys)s.",
            "%(label)s: the database refuses to release %(number)d rows, with the keys %(keys)s.",
            len(found),
        )
        shown = ", ".join(found[:NAMED]) + (" …" if len(found) > NAMED else "")
        yield Finding("set_aside", text % {"label": label, "number": len(found), "keys": shown})


def _replay(now: datetime) -> Iterator[Finding]:
    if words := door.replay_due() or mirror.unfit() or whole.lacks_its_end():
        yield Finding("replay", words)


def _keys(now: datetime) -> Iterator[Finding]:
    """Digests under a key that was taken away: who is known by them is not found, and who objected is written to again."""
    ring = [key.id for key in keys.digest_ring().keys]
    standing = Q(lifted_at__isnull=True) & (Q(until__isnull=True) | Q(until__gt=now))
    counts: Counter[str] = Counter()
    for rows in (Address.objects.all(), Suppression.objects.filter(standing)):
        lost = rows.filter(site=conf.get().SITE).exclude(key_id__in=ring).order_by()
        counts.update(dict(lost.values_list("key_id").annotate(number=Count("pk"))))
    for key, number in sorted(counts.items()):
        text = ngettext(
            "%(number)d digest of an address was made by the key %(key)s, which is not in DIGEST_KEYS any more:"
            " nobody is found by it, and who objected may be written to. Put the key back, behind the others.",
            "%(number)d digests of addresses were made by the key %(key)s, which is not in DIGEST_KEYS any more:"
            " nobody is found by them, and who objected may be written to. Put the key back, behind the others.",
            number,
        )
        yield Finding("keys", text % {"number": number, "key": key})


LOOKS: list[Callable[[datetime], Iterator[Finding]]] = [
    _silent,
    _stuck,
    _needing,
    _late,
    _open,
    _approval,
    _set_aside,
    _unreviewed,
    _astray,
    _keys,
    _replay,
]
"""What is looked at; a room above adds its own."""
