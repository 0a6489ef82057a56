"""Erasing a person: one transaction in which everything that is hers falls, with the proof and what must
follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import connections, router, transaction
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.consent import suppress
from django_rgpd.core.errors import Refused
from django_rgpd.erasure import afterwards, locking, remembered, sessions, telling, traces
from django_rgpd.erasure.cases import OWN_PAGES, Case, drawn_of, holds_of, users_of
from django_rgpd.erasure.failures import EngineFailed, wrapped
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.erasure.plan import Drawn, Plan, said
from django_rgpd.erasure.reach import Reach
from django_rgpd.erasure.release import Released, release
from django_rgpd.holds.erased import follow
from django_rgpd.ledger.record import ERASED, record
from django_rgpd.policy import Occasion
from django_rgpd.registry import ending, holds, people
from django_rgpd.registry.models import Address, Person

if TYPE_CHECKING:
    from django.db.models import Model

TIES: Mapping[type[Model], str] = {Address: "until", Person: "erased_at"}
"""The tables that tie an address or an account to a person, and the column that says since when they do not any more."""

ATTEMPTS = 3


class PlanChanged(Refused):
    """What would happen is not what was shown any more: show it again."""


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

    ``how`` is the way it was asked: "account" and "link" where she did it on a page that she read herself, "term" where nobody
    asked; any other word ("staff", "letter") is a way of which staff made sure that it is she. ``actor`` is the user who did
    it if not she herself, ``choices`` as in ``reach.Choices``, ``expected`` the digest of the plan that she was shown. Asked
    twice it is done once: the same ``Erasure`` is returned.

    Raises ``TypeError`` for an account in the place of its person, ``Refused`` (staff, an undeclared table in the way),
    ``PlanChanged``, and ``EngineFailed`` where the database refuses; then nothing was changed.
    """
    if not isinstance(person, Person):
        msg = f"erase() takes a Person, and not a {type(person).__name__}: of an account it is people.person_of(user, now=now)."
        raise TypeError(msg)
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
    locking.settle(alias)
    locked = locking.lock(person)
    if locked.erased_at is not None:
        return Erasure.objects.filter(person=locked.uuid).latest("pk")
    known = people.known_of(locked)
    user = locking.lock_user(known.subject)
    kept, ended = holds_of(known.subject, how)
    known = replace(known, subject=holds.sparing(known.subject, kept))
    case = Case(locked, known, user, choices, how, actor, now, now, kept, ended)
    drawn = drawn_of(case)
    _refuse(case, drawn.plan, expected)
    found_by = traces.kept(case.subject, user)
    erasure, digests = carry_out(case, drawn, uuid4())
    record(
        ERASED,
        person=case.subject.uuid,
        now=now,
        how=how,
        actor=actor,
        payload={
            "erasure": str(erasure.uuid),
            "people": [str(one) for one in case.subject.uuids],
            "choices": dict(choices),
            "digests": digests,
            "suppressed": suppress.kept(case.subject.uuids) if _refuses(case, drawn) else [],
            **found_by,
        },
    )
    return erasure


def carry_out(case: Case, drawn: Drawn, uuid: UUID) -> tuple[Erasure, list[dict[str, str]]]:
    """Release what is ``case``'s in the caller's transaction, with the ``Erasure`` called ``uuid`` and the jobs that follow.

    Returns it, and the digests of every address ever known of her. She gets a receipt unless it is done ``again``.
    """
    subject, now = case.subject, case.now
    keys = _end(case, drawn)
    if case.choices.get("suppress") and not case.again:
        suppress.keep(case.person, reason=suppress.ASKED, now=now)
    herself = case.how in OWN_PAGES
    left = remembered.taken(
        case.person, case.known, case.user, sessions=keys, herself=herself, named=drawn.named
    )
    remembered.keep(case.person, case.known, left.digests, now=now)
    if drawn.plan.keeps:
        left = replace(left, pinned=remembered.pinned(subject, standing=case.standing, now=now))
    follow(subject, kept=case.standing, ended=case.ended, now=now)
    for one in subject.uuids:
        signals.person_erased.send(Person, person=one, user_key=case.person.user_key, at=now)
    done = release(
        subject,
        Occasion.ERASURE,
        now=now,
        choices=case.choices,
        person=subject.uuid,
        reached=[_stamped(reach, at=case.asked_at) for reach in drawn.reaches],
        standing=case.standing,
    )
    _close(case, drawn.plan)
    told = telling.begun(drawn.plan, now=now)
    erasure = _written(case, uuid, drawn.plan, done, told=told)
    afterwards.put(erasure, drawn.plan, replace(left, email=None) if case.again else left, now=now)
    transaction.on_commit(lambda: sessions.end(keys), robust=True)
    _let_deferred_keys_speak()
    return erasure, left.digests


def _let_deferred_keys_speak() -> None:
    """Before anything is called done."""
    connection = connections[router.db_for_write(Person)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _end(case: Case, drawn: Drawn) -> list[str]:
    """End what is hers without a field to be erased, of which there is some; returns the keys of her sessions."""
    signed_in, _suppressed, *there = drawn.beside
    for one, answer in zip(ending.every(), there, strict=True):
        if answer.count:
            one.end(case.subject, now=case.asked_at)
    return sessions.take(users_of(case.subject)) if signed_in.count else []


def _refuses(case: Case, drawn: Drawn) -> bool:
    """Whether an address of hers may be on the list of those never written to: since before, or by what just ended."""
    _signed_in, *others = drawn.beside
    return bool(case.choices.get("suppress")) or any(one.count for one in others)


def _stamped(reach: Reach, *, at: datetime) -> Reach:
    """What ties addresses and the account to the person ends today, whether something falls there or not."""
    column = TIES.get(reach.entry.model)
    return reach if column is None else replace(reach, stamps={column: at})


def _close(case: Case, shown: Plan) -> None:
    """Nobody logs in any more to an account whose row something keeps."""
    if case.user is None or not shown.keeps:
        return
    values = {"password": make_password(None), "is_active": False}
    names = {field.name for field in case.user._meta.concrete_fields}
    rows = get_user_model()._base_manager.filter(pk=case.user.pk)
    rows.update(**{name: value for name, value in values.items() if name in names})


def _written(case: Case, uuid: UUID, shown: Plan, done: Released, *, told: Mapping[str, object]) -> Erasure:
    values = {
        "person": case.person.uuid,
        "site": case.person.site,
        "state": (state := telling.state(told, waits=shown.waits)),
        "how": case.how,
        "actor": case.actor,
        "asked_at": case.asked_at,
        "done_at": case.now if state == ErasureState.DONE else None,
        "open_until": shown.open_until,
        "choices": dict(case.choices),
        "plan": shown.as_json(),
        "receipt": done.as_json(),
        "processors": dict(told),
    }
    if not case.again:
        return Erasure.objects.create(uuid=uuid, **values)
    # Where only the tables of people were restored, its row is there.
    return Erasure.objects.update_or_create(uuid=uuid, defaults=values)[0]


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
