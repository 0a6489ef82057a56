"""Jobs: registering who carries them out, and writing them down in the transaction of their reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from django_rgpd.core import conf
from django_rgpd.core.errors import Misconfigured, StaleClaim
from django_rgpd.outbox import waking
from django_rgpd.outbox.models import Job, State

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Payload: TypeAlias = "dict[str, Json]"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What JSON can say and PostgreSQL cannot keep."""

LEASE = timedelta(minutes=15)
"""How long a worker may be silent before another one takes its job over."""


class Handler(Protocol):
    """What carries a job out: may be called twice for one job, and must then do no harm."""

    def __call__(self, payload: Payload, *, job: Job, now: datetime) -> object: ...


class Together(Protocol):
    """What carries several jobs of a kind out at once, all of one payload and one lease, and may be called twice for each.

    Returns the end of each by its pk: what ``Handler`` would have raised, or the progress to keep where it went well. What it
    raises is the end of all.
    """

    def __call__(self, some: Sequence[Job], *, now: datetime) -> Mapping[int, object]: ...


@dataclass(frozen=True, slots=True)
class Registered:
    """A kind of job: its handler, whether it reaches other people's systems, and whether it waits at a shut door.

    ``together``: what carries several out at once, ``most`` of them with a job.
    """

    name: str
    handler: Handler
    outward: bool
    waits: bool
    together: Together | None = None
    most: Callable[[Job], int] = lambda job: 1


_registered: dict[str, Registered] = {}


def job(name: str, *, outward: bool = False, waits: bool = False) -> Callable[[Handler], Handler]:
    """Make the decorated function the handler of the jobs called ``name`` (at most 64 characters).

    It gets the payload, ``job`` and ``now``, runs outside of any transaction of ours, and returns, or
    raises one of ``outcomes``; any other exception is tried again later. ``outward`` jobs run in production
    only. They, and those that say ``waits`` (mail that nobody just asked for), wait while the ``door`` is shut.
    """

    def register(handler: Handler) -> Handler:
        known = _registered.get(name)
        if known is not None and not _is_the_same(known.handler, handler):
            msg = f"The job {name!r} has a handler already: {_place(known.handler)}."
            raise Misconfigured(msg)
        _registered[name] = Registered(name, handler, outward, waits or outward)
        return handler

    return register


def together(name: str, *, most: Callable[[Job], int]) -> Callable[[Together], Together]:
    """Have the decorated function carry jobs called ``name``, which have a handler, out where several wait with one payload.

    ``most``: how many go with a job, itself counted; 1 where it goes alone.
    """

    def register(handler: Together) -> Together:
        _registered[name] = replace(_registered[name], together=handler, most=most)
        return handler

    return register


def registered(name: str) -> Registered | None:
    """The kind of job called ``name``, if there is one."""
    return _registered.get(name)


def put(
    name: str,
    payload: Mapping[str, object],
    *,
    now: datetime,
    run_at: datetime | None = None,
    key: str | None = None,
    person: UUID | None = None,
    due_at: datetime | None = None,
) -> Job:
    """Write a job down in the caller's transaction, to be carried out once that has committed.

    ``payload`` is JSON (dates and UUIDs become texts) and is emptied when the job is done. ``run_at``: not
    before. ``key``: while a job of this name and key waits or runs, that one is returned and nothing is
    written. ``person`` is the uuid of whom it is about; ``due_at``: when staff must know that it is late.
    """
    written = Job(
        site=conf.get().SITE,
        name=name,
        person=person,
        key=key,
        payload=as_json(payload),
        created_at=now,
        run_at=run_at or now,
        due_at=due_at,
    )
    if key is None:
        written.save(force_insert=True)
    elif (standing := _insert_once(written)) is not None:
        return standing
    waking.after_commit([written], now=now)
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A job that is to be written, with what ``put`` says of its parts."""

    name: str
    payload: Mapping[str, object]
    run_at: datetime | None = None
    person: UUID | None = None
    due_at: datetime | None = None


def put_many(drafts: Iterable[Draft], *, now: datetime) -> int:
    """Write several jobs down in the caller's transaction, as ``put`` writes one, in one statement; returns how many."""
    written = Job.objects.bulk_create(
        (
            Job(
                site=conf.get().SITE,
                name=one.name,
                person=one.person,
                payload=as_json(one.payload),
                created_at=now,
                run_at=one.run_at or now,
                due_at=one.due_at,
            )
            for one in drafts
        ),
        batch_size=500,
    )
    waking.after_commit(written, now=now)
    return len(written)


def renew(job: Job, *, now: datetime, progress: Mapping[str, object] | None = None) -> None:
    """Say that a long job is still being worked on, and keep how far it came.

    Raises ``StaleClaim`` where another worker has taken it over: the caller must stop.
    """
    changes: dict[str, object] = {"leased_until": now + LEASE}
    if progress is not None:
        job.progress = as_json(progress)
        changes["progress"] = job.progress
    _hold([job], changes)


def renew_together(some: Sequence[Job], *, now: datetime) -> None:
    """The same of several that were claimed together. Raises ``StaleClaim`` where another worker has any of them."""
    _hold(some, {"leased_until": now + LEASE})


def _hold(some: Sequence[Job], changes: Mapping[str, object]) -> None:
    held = Job.objects.filter(pk__in=[one.pk for one in some], lease=some[0].lease, state=State.RUNNING)
    if held.update(**changes) < len(some):
        msg = f"Job {some[0].uuid}, or one that goes with it, belongs to another worker now."
        raise StaleClaim(msg)


def as_json(values: Mapping[str, object]) -> Payload:
    """``values`` as a JSON column holds them, without the characters that a database cannot keep."""
    plain: Payload = json.loads(json.dumps(dict(values), cls=DjangoJSONEncoder))
    return {key: _storable(value) for key, value in plain.items()}


def _storable(value: Json) -> Json:
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {key: _storable(one) for key, one in value.items()}
    return value


def _insert_once(written: Job) -> Job | None:
    """Insert, or return the job of the same name and key that waits or runs already."""
    while True:
        try:
            with transaction.atomic():
                written.save(force_insert=True)
        except IntegrityError:
            standing = Job.objects.filter(
                name=written.name, key=written.key, state__in=[State.WAITING, State.RUNNING]
            ).first()
            if standing is not None:
                return standing
        else:
            return None


def _is_the_same(one: Handler, other: Handler) -> bool:
    return _place(one) == _place(other)


def _place(handler: Handler) -> str:
    return f"{getattr(handler, '__module__', '?')}.{getattr(handler, '__qualname__', '?')}"
