"""Everybody to whom a message of a purpose may go now: the rule of ``permission.may_send`` as one query set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from django_rgpd.consent import copies, customers, kinds, permission
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock, conf
from django_rgpd.outbox import door
from django_rgpd.policy import EMAIL, LAST_CONTACT, POST, Basis, Consent, LegitimateInterest, Purpose
from django_rgpd.registry.addresses import writable
from django_rgpd.registry.conditions import ALWAYS, all_of, any_of
from django_rgpd.registry.days import after_day
from django_rgpd.registry.holds import restricted_people
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.sales import here


def audience(purpose: str, channel: str, *, now: datetime) -> QuerySet[Any]:
    """Everybody of whom ``may_send`` says yes for ``purpose`` on ``channel`` at ``now``, each once, ordered by key.

    Each row has ``person`` (the uuid of the holder), ``address`` (the canonical address to write to; None for letters, whose
    address is the shop's), ``reason`` (``CONSENT``, ``CUSTOMER`` or ``INTEREST`` of ``permission``) and ``basis`` (the name of
    the legal basis), and may be filtered by the first two. They are rows of ``ConsentState``, of ``Person`` for letters, which
    need no row of consent. Walk them by ``pk`` where they are many; each page is then read with a ``now`` of its own.

    Nobody where the policy names no such marketing purpose on this channel, and while the door is shut (CPCE L34-5, GDPR art.
    21.3). It says who may be written to now: whoever sends later asks again then.
    """
    found = permission.marketing(purpose, channel)
    if found is None or channel not in {*copies.KINDS, POST}:
        return _said(ConsentState.objects.none(), ())
    rows = _people(found, now) if channel == POST else _rows(found, channel, now)
    return rows.none() if door.shut() else rows.order_by("pk")


def left_out(purpose: str, channel: str, *, now: datetime) -> dict[str, int]:
    """How many of those who once decided on ``purpose`` on ``channel`` (email or text message) may not be written to, by reason.

    The reasons are keys of ``permission.WORDS``, one a person. A person who never decided on it is not counted, and the door not
    asked.
    """
    found = permission.marketing(purpose, channel)
    if found is None or channel not in copies.KINDS:
        return {}
    rows = ConsentState.objects.filter(site=conf.get().SITE, purpose=purpose, channel=channel)
    shape = _Shape("person", lambda condition: condition)
    reached = Address.objects.filter(
        writable() if channel == EMAIL else ALWAYS,
        person__uuid=OuterRef("person"),
        kind=copies.KINDS[channel],
        until__isnull=True,
        canonical__isnull=False,
        unreachable_at__isnull=True,
    )
    cases = [
        (
            Q(Exists(Person.objects.filter(uuid=OuterRef("person"), erased_at__isnull=False))),
            permission.ERASED,
        ),
        (Q(person__in=restricted_people(found.key)), permission.RESTRICTED),
        (Q(standing__in=kinds.REFUSALS), permission.REFUSED),
        (~Q(standing__in=copies.LASTING), permission.NO_BASIS),
        (Q(address__isnull=True) & ~Q(Exists(reached)), permission.NO_ADDRESS),
        (Q(address__isnull=True) | Q(silent_until__gt=now), permission.SUPPRESSED),
        (~_in_time(found, shape, now), permission.TERM_OVER),
        (ALWAYS, permission.NO_BASIS),
    ]
    others = rows.exclude(pk__in=_rows(found, channel, now).values("pk"))
    told = others.order_by().annotate(why=_first(cases)).values_list("why").annotate(number=Count("pk"))
    return dict(told)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How rows tell of a person: the column with her uuid, and a condition on her own state row as one of theirs."""

    uuid: str
    has: Callable[[Q], Q]


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a message may go, the name of its basis, and of which rows that is true."""

    reason: str
    basis: str
    where: Q


def _rows(purpose: Purpose, channel: str, now: datetime) -> QuerySet[Any]:
    """By email and text message: the state rows that carry an address to write to; an erased person's carries none."""
    rows = ConsentState.objects.filter(
        Q(silent_until__isnull=True) | Q(silent_until__lte=now),
        site=conf.get().SITE,
        purpose=purpose.key,
        channel=channel,
        address__isnull=False,
    )
    return _decided(rows, _Shape("person", lambda condition: condition), purpose, channel, now)


def _people(purpose: Purpose, now: datetime) -> QuerySet[Any]:
    """By letter: people, since a letter may need no row of consent (an interest to which nobody objected)."""
    theirs = ConsentState.objects.filter(site=conf.get().SITE, person=OuterRef("uuid"))
    own = theirs.filter(purpose=purpose.key, channel=POST)
    wider = theirs.filter(purpose__in=["", purpose.key], channel__in=["", POST])
    refused = Exists(own.filter(standing__in=kinds.REFUSALS))
    refused_all = ~Exists(own) & Q(Exists(wider.filter(standing__in=kinds.REFUSALS)))
    people = here().filter(~refused, ~refused_all, erased_at__isnull=True, merged_into__isnull=True)
    shape = _Shape("uuid", lambda condition: Q(Exists(own.filter(condition))))
    named = people.annotate(person=F("uuid"), address=Value(None, output_field=CharField()))
    return _decided(named, shape, purpose, POST, now)


def _decided(
    rows: QuerySet[Any], shape: _Shape, purpose: Purpose, channel: str, now: datetime
) -> QuerySet[Any]:
    restricted = restricted_people(purpose.key)
    reasons = [one for basis in purpose.bases for one in _reasons(basis, shape, channel, now)]
    # What reads her own row alone is asked first: most often it is enough.
    quick = sorted(reasons, key=lambda one: one.reason != permission.CONSENT)
    rows = rows.filter(_in_time(purpose, shape, now), any_of(*(one.where for one in quick)))
    if restricted:
        rows = rows.exclude(**{f"{shape.uuid}__in": restricted})
    return _said(rows, reasons)


def _reasons(basis: Basis, shape: _Shape, channel: str, now: datetime) -> Iterator[_Reason]:
    """As ``permission`` decides on one basis."""
    if isinstance(basis, Consent):
        lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
        yield _Reason(permission.CONSENT, basis.name, shape.has(Q(lasting, live=True)))
    elif isinstance(basis, LegitimateInterest) and basis.marketing:
        if basis.when is not None:
            bought = customers.any_bought(shape.uuid, basis.when.within, now=now)
            informed = shape.has(Q(standing__in=copies.LASTING))
            yield _Reason(permission.CUSTOMER, basis.name, all_of(informed, bought))
        elif channel == POST:
            yield _Reason(permission.INTEREST, basis.name, ALWAYS)


def _in_time(purpose: Purpose, shape: _Shape, now: datetime) -> Q:
    """As ``permission.over``: a contact, a live consent or her first day lies after the last day that is over."""
    if purpose.clock is not LAST_CONTACT or purpose.term.endless:
        return ALWAYS
    day = purpose.term.cutoff(clock.legal_day(now))
    agreed = shape.has(all_of(Q(live=True), after_day(ConsentState, "since", day)))
    known = any_of(after_day(Person, "last_contact", day), after_day(Person, "created_at", day))
    return any_of(agreed, Q(Exists(Person.objects.filter(known, uuid=OuterRef(shape.uuid)))))


def _said(rows: QuerySet[Any], reasons: Sequence[_Reason]) -> QuerySet[Any]:
    said: QuerySet[Any] = rows.annotate(
        reason=_first((one.where, one.reason) for one in reasons),
        basis=_first((one.where, one.basis) for one in reasons),
    )
    return said


def _first(cases: Iterable[tuple[Q, str]]) -> Case | Value:
    """What is said of the first condition that is true; of the last one nothing else is left."""
    *before, last = [*cases] or [(ALWAYS, "")]
    rest = Value(last[1], output_field=CharField())
    whens = [When(where, then=Value(said)) for where, said in before]
    return Case(*whens, default=rest, output_field=CharField()) if whens else rest
