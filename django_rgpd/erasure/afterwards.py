"""What follows an erasure: the receipt, the second pass for what came late, the end of open business."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd.core import clock, conf
from django_rgpd.erasure import residue, sessions, statements, telling
from django_rgpd.erasure.failures import wrapped
from django_rgpd.erasure.lines import Plan
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.erasure.reach import entries
from django_rgpd.erasure.release import release
from django_rgpd.erasure.remembered import (
    Taken,
    held_open,
    of_a_newcomer,
    packed,
    unpacked,
    without_newcomers,
)
from django_rgpd.outbox import deliver, jobs, mail
from django_rgpd.outbox.daily import daily
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Later, NeedsSomeone
from django_rgpd.policy import Occasion, current
from django_rgpd.registry import Subject, holds, rule, scope
from django_rgpd.registry.columns import as_json
from django_rgpd.registry.conditions import all_of, is_never

log = logging.getLogger(__name__)

SECOND_PASS = "erasure.second_pass"  # noqa: S105 - a job's name
OPEN_BUSINESS = "erasure.open_business"
RECEIPT = "erasure/receipt"

UNDER_WAY = timedelta(minutes=1)
"""How long after the request an order under her address may have been on its way; what began later is a newcomer's."""


def put(erasure: Erasure, shown: Plan, left: Taken, *, now: datetime) -> None:
    """Write down the receipt and the second pass, in the erasure's transaction."""
    payload = {
        "erasure": str(erasure.uuid),
        "subject": packed(left.subject),
        "held": _kept(held_open(left.subject, now=now)) if shown.waits else {},
        "pinned": _kept(left.pinned),
        "sessions": left.sessions,
        "values": [[value.kind, value.text] for value in left.values],
        "told_by": list(left.named.addresses),
        "references": dict(left.named.references),
    }
    minutes = timedelta(minutes=conf.get().SECOND_PASS_MINUTES)
    second = jobs.Draft(name=SECOND_PASS, payload=payload, run_at=now + minutes, person=erasure.person)
    told = telling.drafts(erasure, erasure.processors, left.named, left.subject)
    jobs.put_many([second, *told, *_receipt(erasure, shown, left, now=now)], now=now)


def _receipt(erasure: Erasure, shown: Plan, left: Taken, *, now: datetime) -> list[jobs.Draft]:
    if not left.email:
        return []
    context = {
        "plan": shown.as_values(),
        "done_at": now,
        "term_over": erasure.how == "term",
        "authority": str(current().authority),
        "authority_url": current().authority_url,
    }
    person, to = erasure.person, left.email
    return [mail.draft(RECEIPT, context=context, person=person, to=to, language=left.language)]


@jobs.job(SECOND_PASS)
def second_pass(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Release what came while the erasure ran, end sessions that were not listed, and look for what is
    left."""
    erasure = Erasure.objects.get(uuid=str(payload["erasure"]))
    subject = unpacked(payload["subject"])  # type: ignore[arg-type]
    until = erasure.asked_at + UNDER_WAY
    hers = without_newcomers(subject, _rows(payload, "held"), pinned=_rows(payload, "pinned"), until=until)
    go_over(erasure, hers, named=_named(payload), now=now)
    keys = payload.get("sessions")
    if sessions.end([str(key) for key in keys] if isinstance(keys, list) else []):
        raise Later(now + timedelta(minutes=conf.get().SECOND_PASS_MINUTES), _("A session store is down."))
    if subject.user_key is not None:
        sessions.end_unlisted(str(subject.user_key))
    _look(erasure, payload, now=now)
    if erasure.state == ErasureState.OPEN:
        jobs.put(
            OPEN_BUSINESS,
            {
                "erasure": str(erasure.uuid),
                "subject": payload["subject"],
                "held": _kept(held_open(hers, now=now)),
                "pinned": payload.get("pinned", {}),
                "told_by": payload.get("told_by", []),
                "references": payload.get("references", {}),
            },
            now=now,
            run_at=now + timedelta(days=1),
            key=str(erasure.uuid),
            person=erasure.person,
        )


@daily("erasure.unfinished")
def try_again(*, now: datetime) -> None:
    """What waits for staff is tried again each day: they close the business, and need not come here.

    It also keeps what the job knows of the person from being taken for unread.
    """
    unfinished = Job.objects.filter(name__in=[SECOND_PASS, OPEN_BUSINESS], state=State.NEEDS)
    deliver.retry(unfinished, now=now)


@jobs.job(OPEN_BUSINESS)
def go_on(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Release what open business or a hold kept and does not keep any more; once a day until nothing is kept.

    Past the day that the declaration allows at most it is a case for staff, and is tried again when they
    say so.
    """
    erasure = Erasure.objects.get(uuid=str(payload["erasure"]))
    subject = unpacked(payload["subject"])  # type: ignore[arg-type]
    pinned = _rows(payload, "pinned")
    subject = without_newcomers(subject, _rows(payload, "held"), pinned=pinned, until=None)
    go_over(erasure, subject, named=_named(payload), now=now)
    if erasure.state == ErasureState.OPEN:
        if _overdue(subject, asked=erasure.asked_at, now=now):
            raise NeedsSomeone(_("Business with an erased person is still open past its time: close it."))
        raise Later(now + timedelta(days=1))


def go_over(
    erasure: Erasure,
    subject: Subject,
    *,
    named: telling.Names | None = None,
    now: datetime,
) -> int:
    """The same plan once more; what is nobody's any more, or a new person's, is left alone. Returns how many rows fell.

    Once nothing waits any more, the processors are told that business still needed: by what is ``named``, else her addresses.
    """
    with wrapped(f"Erasure {erasure.uuid}"), transaction.atomic():
        standing = holds.standing(steady=True)
        done = release(
            subject,
            Occasion.ERASURE,
            now=now,
            choices=erasure.choices,
            person=erasure.person,
            standing=standing,
        )
        left = plan(subject, now=now, since=erasure.asked_at, choices=erasure.choices, standing=standing)
        telling.lock(erasure)
        counts = erasure.receipt
        if done.rows:
            erasure.receipt = {**counts, "later": [*counts.get("later", []), done.as_json()]}
        erasure.open_until = left.open_until
        if not left.waits:
            leads = named or telling.Names(tuple(sorted(subject.emails)))
            telling.tell_the_rest(erasure, leads, subject, now=now)
        telling.settle(erasure, waits=left.waits, now=now)
        erasure.save(update_fields=["receipt", "open_until", "state", "done_at", "processors"])
    return done.rows


def _kept(rows: Mapping[str, tuple[object, ...]]) -> dict[str, list[str | list[str]]]:
    """Keys as a payload keeps them; one of several columns as a list."""
    return {label: [as_json(key) for key in keys] for label, keys in rows.items()}


def _rows(payload: jobs.Payload, name: str) -> dict[str, tuple[object, ...]]:
    kept = payload.get(name)
    pairs = kept.items() if isinstance(kept, dict) else ()
    return {
        label: tuple(tuple(key) if isinstance(key, list) else key for key in keys)
        for label, keys in pairs
        if isinstance(keys, list)
    }


def _texts(payload: jobs.Payload, name: str) -> list[str]:
    kept = payload.get(name)
    return [str(one) for one in kept] if isinstance(kept, list) else []


def _named(payload: jobs.Payload) -> telling.Names:
    kept = payload.get("references")
    pairs = kept.items() if isinstance(kept, dict) else ()
    references = {key: [str(one) for one in texts] for key, texts in pairs if isinstance(texts, list)}
    return telling.Names(tuple(_texts(payload, "told_by")), references)


def _look(erasure: Erasure, payload: jobs.Payload, *, now: datetime) -> None:
    """Search for her values and tell staff where something is left; a namesake never holds an erasure
    open."""
    pairs = payload.get("values")
    values = [
        residue.Value(str(one[0]), str(one[1]))
        for one in (pairs if isinstance(pairs, list) else ())
        if isinstance(one, list)
    ]
    hers = [value for value in values if not of_a_newcomer(value)]
    found = residue.residue_of(hers, now=now)
    places = sorted({f"{one.label}.{one.column}" for one in found})
    erasure.receipt = {**erasure.receipt, "residue": [str(one) for one in found][:50]}
    erasure.save(update_fields=["receipt"])
    if places:
        log.warning("Erasure %s: values are left in %s.", erasure.uuid, ", ".join(places))


def _overdue(subject: Subject, *, asked: datetime, now: datetime) -> bool:
    """Whether rows of hers are open for longer than their declaration allows."""
    for entry in entries():
        late = rule.open_too_long(entry, asked=clock.legal_day(asked), now=now)
        if is_never(late):
            continue
        for role in entry.people:
            for where in scope.conditions(entry, role, subject):
                if statements.rows_of(entry, all_of(where, late)).exists():
                    return True
    return False
