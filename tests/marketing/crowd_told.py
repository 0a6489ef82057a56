"""Run by a test in a process of its own: Mailchimp is told of a crowd while some leave, are erased, move or come back, and
workers are killed.

``python -m tests.marketing.crowd_told PEOPLE``. Two ``rgpd_run`` tell; thrice both are killed by ``kill -9``.
Makes a database beside the one that ``DATABASE_URL`` names and takes it away again. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

crowd = import_module("tests.marketing.crowd")  # it sets Django up

from django.db import connection, transaction  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from django_rgpd.consent import decisions, kinds  # noqa: E402
from django_rgpd.consent.audience import audience  # noqa: E402
from django_rgpd.core import addresses  # noqa: E402
from django_rgpd.erasure.execute import erase  # noqa: E402
from django_rgpd.ledger.record import Draft, many  # noqa: E402
from django_rgpd.marketing import sync  # noqa: E402
from django_rgpd.outbox.models import Job, State  # noqa: E402
from django_rgpd.processors import calling  # noqa: E402
from django_rgpd.registry import people  # noqa: E402
from django_rgpd.registry.models import Address, Person  # noqa: E402
from example_shop.demo import mailchimp  # noqa: E402
from tests.marketing import crowd_settings  # noqa: E402

KEY = ("newsletter", "email")
KILLS = 3
WORKERS = 2


class Slow(mailchimp.Mailchimp):
    """It takes its time over many, so that things happen meanwhile."""

    def answer(
        self, method: str, path: str, body: Any, query: dict[str, str] | None = None
    ) -> tuple[int, object]:
        """As it answers, later."""
        if isinstance(body, dict) and "members" in body:
            self.lock.release()
            time.sleep(random.uniform(0.5, 2))
            self.lock.acquire()
        return super().answer(method, path, body, query)


def fill(number: int) -> list[UUID]:
    """``number`` people who agreed a minute ago, of whom Mailchimp has yet to hear."""
    now = timezone.now() - timedelta(minutes=1)
    uuids = crowd.fill(number)
    entries = list(Address.objects.select_related("person"))
    for one in entries:
        made = addresses.digest("email", str(one.canonical))
        one.digest, one.key_id = made.hex, made.key_id
    Address.objects.bulk_update(entries, ["digest", "key_id"], batch_size=500)
    drafts = [
        Draft(kind=kinds.GIVEN, person=one.person, purpose=KEY[0], channel=KEY[1], how="form")
        for one in entries
    ]
    with transaction.atomic():
        many(drafts, now=now)
        sync.put(*uuids, purpose=KEY[0], channel=KEY[1], now=now)
    return uuids


def withdraw(person: UUID) -> None:
    """She leaves."""
    decisions.leave(person, *KEY, how="one_click", now=timezone.now())


def come_back(person: UUID) -> None:
    """She leaves, and agrees again a moment later."""
    withdraw(person)
    time.sleep(random.uniform(0, 2))
    decisions.give(person, *KEY, how="form", now=timezone.now())


def forget(person: UUID) -> None:
    """She is erased."""
    erase(Person.objects.get(uuid=person), how="link", now=timezone.now())


def move(person: UUID) -> None:
    """She proves another address."""
    now = timezone.now()
    entry = people.note(
        "email", f"new-{person.hex}@example.com", person=Person.objects.get(uuid=person), now=now
    )
    people.prove(entry, how="link", now=now)


VERBS: dict[str, Callable[[UUID], None]] = {
    "left": withdraw,
    "back": come_back,
    "erased": forget,
    "moved": move,
}


class Doing(threading.Thread):
    """Some people do something, one after the other."""

    def __init__(self, some: list[UUID], verb: Callable[[UUID], None], pause: float) -> None:
        super().__init__(daemon=True)
        self.some, self.verb, self.pause = some, verb, pause

    def run(self) -> None:
        """Do it."""
        for one in self.some:
            self.verb(one)
            time.sleep(random.uniform(0, self.pause))
        connection.close()


def open_jobs() -> Any:
    """What is not at its end yet."""
    return Job.objects.filter(name__in=calling.NAMES, state__in=[State.WAITING, State.RUNNING])


def kill(found: list[Any]) -> None:
    """kill -9 both workers; their leases run out, and two others come."""
    for one in found:
        one.kill()
        one.wait()
    Job.objects.filter(state=State.RUNNING).update(leased_until=timezone.now() - timedelta(seconds=1))
    found[:] = [crowd.sender() for _one in range(WORKERS)]


def main(number: int) -> dict[str, object]:
    """Fill, tell, kill, and say what Mailchimp holds."""
    peer = Slow()
    server, stop = mailchimp.serve(peer)
    os.environ["CROWD_MAILCHIMP"] = server.url
    override_settings(RGPD=crowd_settings.told(server.url)).enable()
    uuids, each = fill(number), number // 20
    doing = {name: uuids[at * each : (at + 1) * each] for at, name in enumerate(VERBS)}
    threads = [Doing(some, VERBS[name], 30 / each) for name, some in doing.items()]
    found = [crowd.sender() for _one in range(WORKERS)]
    for one in threads:
        one.start()
    began, kills = time.monotonic(), 0
    try:
        while any(one.is_alive() for one in threads) or open_jobs().exists():
            if kills < KILLS and time.monotonic() - began > 8 * (kills + 1):
                kill(found)
                kills += 1
            time.sleep(0.5)
    finally:
        for one in found:
            one.kill()
            one.wait()
    stop()
    held = {
        one["email_address"]: one
        for one in peer.audiences[mailchimp.NEWS].values()
        if one["status"] == "subscribed"
    }
    may = set(audience(*KEY, now=timezone.now()).values_list("address", flat=True))
    return {
        "people": number,
        "seconds": round(time.monotonic() - began, 1),
        "killed": kills * WORKERS,
        "calls": len(peer.seen),
        "may be written to": len(may),
        "missing there": len(may - set(held)),
        "too many there": len(set(held) - may),
        "agreed last and not written to": sum(
            not decisions.may_send(one, *KEY, now=timezone.now()) for one in doing["back"]
        ),
        "erased and held": sum(crowd.address(one) in held for one in doing["erased"]),
        "jobs": Counter(Job.objects.filter(name__in=calling.NAMES).values_list("state", flat=True)),
    }


if __name__ == "__main__":
    with crowd.database():
        sys.stdout.write(json.dumps(main(int(sys.argv[1]))) + "\n")
