"""Erasing a person: one transaction in which everything that is hers falls, with the proof and what must
follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import connections, router, transaction
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.consent import suppress
from django_rgpd.core.errors import Refused
from django_rgpd.erasure import afterwards, remembered, sessions, traces
from django_rgpd.erasure.failures import EngineFailed, wrapped
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.erasure.plan import Plan, plan, said
from django_rgpd.erasure.release import Released, release
from django_rgpd.ledger.record import ERASED, record
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import Occasion
from django_rgpd.registry import Subject, people
from django_rgpd.registry.models import Address, Challenge, Person

if TYPE_CHECKING:
    from uuid import UUID

OWN_PAGES = frozenset({"account", "link"})
"""The ways on which a person asks on a page that she reads herself."""

ATTEMPTS = 3
LOCK_TIMEOUT = "5s"


class PlanChanged(Refused):
    """What would happen is not what was shown any more: show it again."""


@dataclass(frozen=True, slots=True)
class Case:
    """One erasure under way; ``asked_at`` lies before ``now`` where it is done again on a restored dump."""

    person: Person
    subject: Subject
    user: Any
    choices: Mapping[str, object]
    how: str
    actor: str
    asked_at: datetime
    now: datetime

    @property
    def again(self) -> bool:
        """Whether she was told already."""
        return self.asked_at != self.now


def erase(
    person: Person,
    *,
    how: str,
    actor: str = "",
    choices: Mapping[str, object] | None = None,
    now: datetime,
    expected: str = "",
) -> Erasure:
    """Erase ``person`` (GDPR art. 17): her account and data go, only what the policy says stays.

    ``how`` is the way it was asked ("account", "link", "staff", "letter"), ``actor`` the user who did it if
    not she herself,
    ``choices`` as in ``reach.Choices``, ``expected`` the digest of the plan that she was shown. Asked twice
    it is done once: the same
    ``Erasure`` is returned.

    Raises ``Refused`` (staff, an undeclared table in the way), ``PlanChanged``, and ``EngineFailed`` where
    the database refuses; then
    nothing was changed.
    """
    alias = router.db_for_write(Person)
    alone = not connections[alias].in_atomic_block
    for attempt in range(ATTEMPTS):
        try:
            with wrapped(_("Erasing a person")), transaction.atomic(using=alias):
                return _erase(person, how, actor, said(choices), expected, alias=alias, now=now)
        except EngineFailed as failure:
            if not (failure.again and alone) or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _erase(
    person: Person,
    how: str,
    actor: str,
    choices: Mapping[str, object],
    expected: str,
    *,
    alias: str,
    now: datetime,
) -> Erasure:
    patience(alias)
    locked = lock(person)
    if locked.erased_at is not None:
        return Erasure.objects.filter(person=locked.uuid).latest("pk")
    subject = people.subject(locked)
    case = Case(locked, subject, lock_user(subject), choices, how, actor, now, now)
    shown = plan(subject, now=now, choices=choices)
    _refuse(case, shown, expected)
    for reason in (suppress.OBJECTED, suppress.ASKED) if choices.get("suppress") else (suppress.OBJECTED,):
        suppress.keep(locked, reason=reason, now=now)
    found_by = traces.kept(subject, case.user)
    erasure = Erasure(uuid=uuid4())
    digests = carry_out(case, erasure, shown)
    record(
        ERASED,
        person=subject.uuid,
        now=now,
        how=how,
        actor=actor,
        payload={
            "erasure": str(erasure.uuid),
            "people": [str(one) for one in subject.uuids],
            "choices": dict(choices),
            "digests": digests,
            "suppressed": suppress.kept(subject.uuids),
            **found_by,
        },
    )
    return erasure


def carry_out(case: Case, erasure: Erasure, shown: Plan) -> list[dict[str, str]]:
    """Release what is ``case``'s in the caller's transaction, with ``erasure``, which is saved, and the jobs that follow.

    Returns the digests of every address ever known of her. She gets a receipt unless it is done ``again``.
    """
    subject, now = case.subject, case.now
    erasure.person, erasure.site = subject.uuid, case.person.site
    erasure.how, erasure.actor, erasure.asked_at = case.how, case.actor, case.asked_at
    erasure.choices, erasure.plan = dict(case.choices), shown.as_json()
    erasure.save(force_insert=True)
    keys = sessions.take([str(subject.user_key)] if subject.user_key is not None else [])
    left = remembered.taken(case.person, subject, case.user, sessions=keys, herself=case.how in OWN_PAGES)
    for uuid in subject.uuids:
        signals.person_erased.send(Person, person=uuid, user_key=case.person.user_key, at=now)
    done = release(
        subject,
        Occasion.ERASURE,
        now=now,
        choices=case.choices,
        person=subject.uuid,
        only={line.model for line in shown.goes},
    )
    digests = forget(subject, left.digests, at=case.asked_at, now=now)
    _finish(erasure, shown, done, now=now)
    afterwards.put(erasure, shown, replace(left, email=None) if case.again else left, now=now)
    transaction.on_commit(lambda: sessions.end(keys), robust=True)
    _let_deferred_keys_speak()
    return digests


def _let_deferred_keys_speak() -> None:
    """Before anything is called done."""
    connection = connections[router.db_for_write(Person)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _finish(erasure: Erasure, shown: Plan, done: Released, *, now: datetime) -> None:
    erasure.state = ErasureState.OPEN if shown.open else ErasureState.DONE
    erasure.open_until = shown.open_until
    erasure.done_at = None if shown.open else now
    erasure.receipt = done.as_json()
    erasure.save(update_fields=["state", "open_until", "done_at", "receipt"])


def forget(
    subject: Subject, known: list[dict[str, str]], *, at: datetime, now: datetime
) -> list[dict[str, str]]:
    """Take away what ties an address or an account to the person; returns the digests of every address ever
    known."""
    uuids: list[UUID] = list(subject.uuids)
    hers = Address.objects.filter(person__uuid__in=uuids)
    rows = hers.values("kind", "digest", "key_id").distinct()
    digests = [{"kind": row["kind"], "digest": row["digest"], "key": row["key_id"]} for row in rows]
    hers.filter(until__isnull=True).update(until=at)
    hers.update(canonical=None, proven_by="")
    Challenge.objects.filter(person__in=uuids).delete()
    Challenge.objects.filter(address__person__uuid__in=uuids).delete()
    mails = Job.objects.filter(
        person__in=uuids, name="mail", state__in=[State.WAITING, State.NEEDS, State.REFUSED]
    )
    mails.update(state=State.GONE, payload={}, finished_at=now)
    Person.objects.filter(uuid__in=uuids).update(user_key=None, language="", erased_at=at)
    return [*digests, *(one for one in known if one not in digests)]


def lock(person: Person) -> Person:
    """Her row, locked; she may have been merged into somebody since she was read, or while the lock was waited for."""
    locked = people.lock(people.standing_for(person))
    while locked.merged_into is not None:
        locked = people.lock(locked.merged_into)
    return locked


def lock_user(subject: Subject) -> Any:
    """Her account's row, locked; None where she has none."""
    if subject.user_key is None:
        return None
    key: Any = subject.user_key
    model = get_user_model()
    return model._base_manager.select_for_update(of=("self",)).filter(pk=key).first()


def _refuse(case: Case, shown: Plan, expected: str) -> None:
    user = case.user
    if user is not None and (getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)):
        raise Refused(
            _("This account works for the shop: hand its work over and take its rights away first.")
        )
    refuse_blocked(shown)
    if expected and expected != shown.digest:
        raise PlanChanged(_("Something has changed since this page was shown. Please read it again."))


def refuse_blocked(shown: Plan) -> None:
    """Raise ``Refused`` where an undeclared table is in the way."""
    if shown.blocked:
        places = ", ".join(sorted({one.reference for one in shown.blocked}))
        msg = _("This cannot be erased yet: the shop must first say what becomes of %(places)s.")
        raise Refused(msg % {"places": places})


def patience(alias: str) -> None:
    """Wait for nobody's lock longer than a page can."""
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
