"""Events written by several processes at once while another seals them, against bare rows in a bare table."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as Flag
from multiprocessing.synchronize import Lock

from django.db import connection

from django_rgpd.ledger import guard
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import record
from django_rgpd.ledger.seal import seal
from django_rgpd.ledger.verify import verify
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import Note

PROCESSES = 4
EVERY = 0.2
"""Seconds between two sealings; a shop's cron comes once a minute."""

PATIENCE = 300
"""Seconds after which a writer that says nothing is given up."""

_SAID = {"page": "/account/", "box": "newsletter", "wording": 3}
_fork = multiprocessing.get_context("fork")  # the children are to have the settings of the measured database


def appending(size: Size) -> Iterator[Measured]:
    """Each process writes its events one by one, each in a transaction of its own.

    On SQLite one process writes at a time, the sealer among them; the line then shows what waiting for one another costs.
    """
    each = size.rows // 200
    total = each * PROCESSES
    rows.empty()
    with _guarded(), _sealer() as (sealing, idle), _writers() as writers:

        def work(write: str) -> None:
            for pipe in writers:
                pipe.send((write, each))
            for pipe in writers:
                if not pipe.poll(PATIENCE):
                    raise RuntimeError("a writer fell silent")
                pipe.recv()

        def candidate() -> None:
            sealing.set()
            work("event")
            sealing.clear()

        def before() -> None:
            with idle:
                if Event.objects.count():
                    _proven(total)
                rows.empty()
                rows.settled()

        line = compare(
            f"{PROCESSES} processes append to the ledger, sealed meanwhile", rows=total, before=before,
            floor=partial(work, "note"), candidate=candidate, rounds=size.rounds,
            target=1.43 if connection.vendor == "postgresql" else None,  # seven tenths of the rows in the same time
        )  # fmt: skip
    # The processes' own statements: what they write is one INSERT each.
    floor, ours = (replace(taken, statements=total) for taken in (line.floor, line.candidate))
    yield replace(line, floor=floor, candidate=ours)


def _proven(total: int) -> None:
    """What was measured is a ledger: every event is there, in one chain without a fault."""
    seal(now=rows.NOW)
    if faults := list(verify(now=rows.NOW)):
        raise RuntimeError(f"the ledger is not whole: {faults}")
    if Event.objects.filter(seal__isnull=False).count() != total:
        raise RuntimeError("an event is missing")


def _note() -> None:
    Note.objects.create(
        kind="consent.given", person=uuid.uuid4(), purpose="club", at=rows.NOW, recorded_at=rows.NOW,
        how="page", payload=_SAID,
    )  # fmt: skip


def _event() -> None:
    record("consent.given", person=uuid.uuid4(), now=rows.NOW, purpose="club", how="page", payload=_SAID)


_WRITES = {"note": _note, "event": _event}


def _write(pipe: Connection) -> None:
    """A writer's life: so many rows of a kind when it is told to, until the pipe closes."""
    while told := pipe.recv():
        kind, count = told
        for _number in range(count):
            _WRITES[kind]()
        pipe.send(count)


def _keep_sealing(sealing: Flag, idle: Lock) -> None:
    while sealing.wait():
        with idle:
            seal(now=rows.NOW)
        time.sleep(EVERY)


@contextmanager
def _writers() -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        pipes = []
        for _number in range(PROCESSES):
            ours, theirs = _fork.Pipe()
            stack.enter_context(_running(_write, theirs))
            pipes.append(ours)
        yield pipes


@contextmanager
def _sealer() -> Iterator[tuple[Flag, Lock]]:
    sealing, idle = _fork.Event(), _fork.Lock()
    with _running(_keep_sealing, sealing, idle):
        yield sealing, idle


@contextmanager
def _running(work: Callable[..., None], *given: object) -> Iterator[None]:
    """A process that does ``work`` until the block is left; a connection shared with it would be nobody's."""
    connection.close()
    process = _fork.Process(target=work, args=given, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


@contextmanager
def _guarded() -> Iterator[None]:
    """With the ledger's triggers, as a shop has them."""
    with connection.schema_editor() as editor:
        guard.install(None, editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            guard.remove(None, editor)
