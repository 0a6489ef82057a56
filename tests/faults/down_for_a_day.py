"""Run by a test in a process of its own: an erasure while Mailchimp is down for a day and the worker is killed twice.

The first worker dies by ``kill -9`` before Mailchimp has deleted her, the second after it and before it could be noted. Prints
one line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from typing import Any

os.environ.pop("DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from django_rgpd.core import clock, conf  # noqa: E402
from django_rgpd.erasure.execute import erase  # noqa: E402
from django_rgpd.outbox import deliver  # noqa: E402
from django_rgpd.outbox.models import Job  # noqa: E402
from django_rgpd.processors import calling, roads  # noqa: E402
from django_rgpd.registry import people  # noqa: E402
from example_shop.factories import make_customer  # noqa: E402
from tests.contracts.peers import mailchimp as peers  # noqa: E402

NEWS = "a6b5da1054"
ADDRESS = "elodie.emond@example.com"
NAMES = frozenset({calling.ERASE, "daily.processors.unfinished"})


class Killing(peers.Mailchimp):
    """Kills the worker that asks it to delete, once before and once after it has done so."""

    def __init__(self) -> None:
        super().__init__()
        self.worker = 0
        self.kills = ["before", "after"]

    def answer(self, method: str, path: str, *more: Any) -> tuple[int, object]:
        kill = self.kills[0] if path.endswith("/actions/delete-permanent") and self.kills else ""
        if kill == "before":
            self.kills.pop(0)
            os.kill(self.worker, signal.SIGKILL)
            return peers.problem(500, "Internal Server Error")
        answer = super().answer(method, path, *more)
        if kill == "after":
            self.kills.pop(0)
            os.kill(self.worker, signal.SIGKILL)
        return answer


def work(peer: Killing, now: Any) -> bool:
    """A worker in a process of its own; whether it was killed."""
    connection.close()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.read(read, 1)  # until the peer knows whom to kill
        deliver.run_due(now=now, names=NAMES)
        connection.close()
        os._exit(0)
    peer.worker = child
    os.write(write, b".")
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    """Live through it."""
    call_command("migrate", verbosity=0)
    peer = Killing()
    server, stop = peers.serve(peer)
    setting = {
        "class": "django_rgpd.processors.mailchimp.Mailchimp",
        "api_key": peers.KEY,
        "audiences": {"newsletter": NEWS},
        "host": server.url,
    }
    others = {**settings.RGPD["PROCESSORS"], "mailchimp": setting}
    settings.RGPD = {**settings.RGPD, "PRODUCTION": True, "PROCESSORS": others}
    conf.get.cache_clear()
    roads.made.cache_clear()
    now = clock.now()
    user = make_customer(email=ADDRESS)
    person = people.person_of(user, now=now)
    people.prove(people.note("email", ADDRESS, person=person, now=now), how="link", now=now)
    peer.hold(NEWS, ADDRESS)
    erasure = erase(person, how="account", now=now)
    killed = []
    for hour in range(26):
        if hour < 24:
            peer.failures.append("503_bodyless")
        killed.append(work(peer, now + timedelta(hours=hour)))
        peer.failures.clear()
    at = now + timedelta(days=2)
    for _turn in range(6):
        deliver.retry(Job.objects.filter(name=calling.ERASE, state="needs"), now=at)
        killed.append(work(peer, at))
        at += timedelta(hours=7)
    stop()
    erasure.refresh_from_db()
    job = Job.objects.get(name=calling.ERASE)
    told = {
        "killed": sum(killed),
        "held": sorted(peer.of(ADDRESS)),
        "erasure": erasure.state,
        "evidence": erasure.processors["mailchimp"]["evidence"],
        "job": [job.state, job.payload],
        "broken": peer.broken,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
