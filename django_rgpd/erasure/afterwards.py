"""What follows an erasure: the receipt, the second pass for what came late, the end of open business."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import ForeignKey
from django.utils.translation import gettext as _

from django_rgpd.core import addresses, clock, conf
from django_rgpd.core.errors import BadAddress
from django_rgpd.erasure import residue, sessions, statements
from django_rgpd.erasure.failures import wrapped
from django_rgpd.erasure.lines import Plan
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.erasure.reach import entries
from django_rgpd.erasure.release import release
from django_rgpd.outbox import jobs, mail
from django_rgpd.outbox.outcomes import Later, NeedsSomeone
from django_rgpd.policy import Occasion, current
from django_rgpd.registry import Subject, people, rule, scope
from django_rgpd.registry.conditions import NEVER, all_of

if TYPE_CHECKING:
    from django_rgpd.outbox.models import Job
    from django_rgpd.registry.models import Person

log = logging.getLogger(__name__)

SECOND_PASS = "erasure.second_pass"  # noqa: S105 - a job's name
OPEN_BUSINESS = "erasure.open_business"
RECEIPT = "erasure/receipt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What has to be known of a person after her data are gone, until her last job is done."""

    subject: Subject
    email: str | None
    language: str
    sessions: list[str]
    values: list[residue.Value]
    digests: list[dict[str, str]]


def taken(person: Person, subject: Subject, user: Any, *, sessions: list[str]) -> Taken:
    """Read off what follows will need, before it goes."""
    own = _account_email(user)
    email = mail.address_of(person.uuid) or own
    texts = {"email": sorted({*subject.emails, *([own] if own else [])}), "phone": [], "name": []}
    texts["phone"] = sorted({*subject.addresses.get("phone", ()), str(getattr(user, "phone", "") or "")})
    first, last = (str(getattr(user, name, "") or "").strip() for name in ("first_name", "last_name"))
    texts["name"] = [f"{first} {last}"] if first and last else []
    return Taken(
        subject=subject,
        email=email,
        language=person.language or str(getattr(user, "language", "") or ""),
        sessions=sessions,
        values=residue.distinctive(texts),
        digests=_digests(own),
    )


def put(erasure: Erasure, shown: Plan, left: Taken, *, now: datetime) -> None:
    """Write down the receipt and the second pass, in the erasure's transaction."""
    payload = {
        "erasure": str(erasure.uuid),
        "subject": _packed(left.subject),
        "sessions": left.sessions,
        "values": [[value.kind, value.text] for value in left.values],
    }
    minutes = timedelta(minutes=conf.get().SECOND_PASS_MINUTES)
    jobs.put(
        SECOND_PASS, payload, now=now, run_at=now + minutes, key=str(erasure.uuid), person=erasure.person
    )
    if left.email:
        mail.send(
            RECEIPT,
            person=erasure.person,
            to=left.email,
            context={
                "plan": shown.as_values(),
                "done_at": now,
                "authority": str(current().authority),
                "authority_url": current().authority_url,
            },
            language=left.language,
            now=now,
        )


@jobs.job(SECOND_PASS)
def second_pass(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Release what came while the erasure ran, end sessions that were not listed, and look for what is
    left."""
    erasure = Erasure.objects.get(uuid=str(payload["erasure"]))
    subject = _unpacked(payload["subject"])  # type: ignore[arg-type]
    _again(erasure, subject, now=now)
    keys = payload.get("sessions")
    if sessions.end([str(key) for key in keys] if isinstance(keys, list) else []):
        raise Later(now + timedelta(minutes=conf.get().SECOND_PASS_MINUTES), _("A session store is down."))
    if subject.user_key is not None:
        sessions.end_unlisted(str(subject.user_key))
    _look(erasure, payload, now=now)
    if erasure.state == ErasureState.OPEN:
        jobs.put(
            OPEN_BUSINESS,
            {"erasure": str(erasure.uuid), "subject": payload["subject"]},
            now=now,
            run_at=now + timedelta(days=1),
            key=str(erasure.uuid),
            person=erasure.person,
        )


@jobs.job(OPEN_BUSINESS)
def go_on(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Release what open business held and does not hold any more; once a day until nothing is open.

    Past the day that the declaration allows at most it is a case for staff, and is tried again when they
    say so.
    """
    erasure = Erasure.objects.get(uuid=str(payload["erasure"]))
    subject = _unpacked(payload["subject"])  # type: ignore[arg-type]
    _again(erasure, subject, now=now)
    if erasure.state == ErasureState.OPEN:
        if _overdue(subject, asked=erasure.asked_at, now=now):
            raise NeedsSomeone(_("Business with an erased person is still open past its time: close it."))
        raise Later(now + timedelta(days=1))


def _again(erasure: Erasure, subject: Subject, *, now: datetime) -> None:
    """The same plan once more; what is nobody's any more, or a new person's, is left alone."""
    subject = _without_newcomers(subject)
    with wrapped(f"Erasure {erasure.uuid}"), transaction.atomic():
        done = release(subject, Occasion.ERASURE, now=now, choices=erasure.choices, person=erasure.person)
        left = plan(subject, now=now, choices=erasure.choices)
        counts = erasure.receipt
        if done.rows:
            erasure.receipt = {**counts, "later": [*counts.get("later", []), done.as_json()]}
        erasure.open_until = left.open_until
        erasure.state = ErasureState.OPEN if left.open else ErasureState.DONE
        erasure.done_at = erasure.done_at or (None if left.open else now)
        erasure.save(update_fields=["receipt", "open_until", "state", "done_at"])


def _look(erasure: Erasure, payload: jobs.Payload, *, now: datetime) -> None:
    """Search for her values and tell staff where something is left; a namesake never holds an erasure
    open."""
    pairs = payload.get("values")
    values = [
        residue.Value(str(one[0]), str(one[1]))
        for one in (pairs if isinstance(pairs, list) else ())
        if isinstance(one, list)
    ]
    found = residue.residue_of(values, now=now)
    places = sorted({f"{one.label}.{one.column}" for one in found})
    erasure.receipt = {**erasure.receipt, "residue": [str(one) for one in found][:50]}
    erasure.save(update_fields=["receipt"])
    if places:
        log.warning("Erasure %s: values are left in %s.", erasure.uuid, ", ".join(places))


def _without_newcomers(subject: Subject) -> Subject:
    """Her account key and addresses, without those that a living person has by now: she came back, or a mailbox
    or a login name has a new owner."""
    hers = {
        kind: frozenset(text for text in texts if people.known(kind, text) is None)
        for kind, texts in subject.addresses.items()
    }
    return replace(subject, addresses=hers, user_key=None if _taken_again(subject) else subject.user_key)


def _taken_again(subject: Subject) -> bool:
    """Whether the account's key, where people choose it, opens somebody's account: a tombstone opens nobody's."""
    if subject.user_key is None:
        return False
    key: Any = subject.user_key
    user = get_user_model()._base_manager.filter(pk=key).first()
    return people.users_person(key) is not None or (user is not None and user.has_usable_password())


def _overdue(subject: Subject, *, asked: datetime, now: datetime) -> bool:
    """Whether rows of hers are open for longer than their declaration allows."""
    for entry in entries():
        late = rule.open_too_long(entry, asked=clock.legal_day(asked), now=now)
        if late == NEVER:
            continue
        for role in entry.people:
            for where in scope.conditions(entry, role, subject):
                if statements.rows_of(entry, all_of(where, late)).exists():
                    return True
    return False


def _account_email(user: Any) -> str | None:
    if user is None:
        return None
    name = getattr(type(user), "EMAIL_FIELD", None) or "email"
    text = str(getattr(user, name, "") or "").strip()
    return text or None


def _digests(email: str | None) -> list[dict[str, str]]:
    if email is None:
        return []
    try:
        made = addresses.digest("email", addresses.canonical("email", email))
    except BadAddress:
        return []
    return [{"kind": "email", "digest": made.hex, "key": made.key_id}]


def _packed(subject: Subject) -> dict[str, object]:
    return {
        "uuids": [str(one) for one in subject.uuids],
        "user_key": None if subject.user_key is None else str(subject.user_key),
        "addresses": {kind: sorted(texts) for kind, texts in subject.addresses.items()},
    }


def _unpacked(packed: Mapping[str, Any]) -> Subject:
    key = packed["user_key"]
    return Subject(
        uuids=tuple(UUID(one) for one in packed["uuids"]),
        user_key=None if key is None else _account_key(key),
        addresses={kind: frozenset(texts) for kind, texts in packed["addresses"].items()},
    )


def _account_key(text: str) -> object:
    field: Any = get_user_model()._meta.pk
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field.to_python(text)
