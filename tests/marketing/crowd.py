"""Run by a test in a process of its own: a campaign to a crowd over real SMTP, while people leave and senders are killed.

``python -m tests.marketing.crowd PEOPLE PART``. Two ``rgpd_run`` send, in ranges of PART; two of them are killed by ``kill -9``
in the middle of it. Makes a database beside the one that ``DATABASE_URL`` names and takes it away again. Prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

DATABASE = f"crowd_{os.getpid()}"
os.environ["CROWD_DATABASE"] = DATABASE
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.marketing.crowd_settings"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from django_rgpd.consent import decisions  # noqa: E402
from django_rgpd.consent.models import ConsentState  # noqa: E402
from django_rgpd.marketing import building, campaigns, mailing  # noqa: E402
from django_rgpd.marketing.models import Campaign, CampaignRecipient  # noqa: E402
from django_rgpd.marketing.reporting import report  # noqa: E402
from django_rgpd.outbox import deliver  # noqa: E402
from django_rgpd.outbox.models import Job, State  # noqa: E402
from django_rgpd.registry.models import Address, Person  # noqa: E402

KILLS = 2
WORKERS = 2
WITNESS = """
CREATE TABLE witness (person uuid, began timestamptz);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO witness VALUES (NEW.person, statement_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER UPDATE ON django_rgpd_campaignrecipient
    FOR EACH ROW WHEN (NEW.state = 'handing') EXECUTE FUNCTION witness();
"""
"""When each mark's statement reached the database: what had committed before, it saw."""


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A database of this process's own."""
    beside = connection.copy()
    beside.settings_dict = {**connection.settings_dict, "NAME": "postgres"}
    with beside.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        with beside.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        beside.close()


@contextlib.contextmanager
def mail_server(path: Path) -> Iterator[None]:
    """The counting mail server; where it listens is in the environment of the senders."""
    command = [sys.executable, "-m", "tests.marketing.counting_server", str(path)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    os.environ["CROWD_PORT"] = server.stdout.readline().strip()
    try:
        yield
    finally:
        server.kill()
        server.wait()


def fill(number: int) -> list[uuid.UUID]:
    """``number`` people who agreed, at addresses of their own."""
    now = timezone.now() - timedelta(days=1)
    uuids = [uuid.uuid4() for _one in range(number)]
    made = Person.objects.bulk_create(
        (Person(uuid=one, created_at=now, language=random.choice(["en", "fr"])) for one in uuids),
        batch_size=5_000,
    )
    Address.objects.bulk_create(
        (
            Address(
                person=one, canonical=address(one.uuid), digest=one.uuid.hex, key_id="crowd", since=now,
                proven_at=now, proven_how="click",
            )
            for one in made
        ),
        batch_size=5_000,
    )  # fmt: skip
    ConsentState.objects.bulk_create(
        (
            ConsentState(
                person=one, purpose="newsletter", channel="email", standing="live", live=True, since=now,
                event=uuid.uuid4(), address=address(one),
            )
            for one in uuids
        ),
        batch_size=5_000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return uuids


def address(person: uuid.UUID) -> str:
    """Tells on the mail server's side who got it."""
    return f"{person.hex}@example.com"


def sender() -> subprocess.Popen[bytes]:
    """One more ``rgpd_run``."""
    command = [sys.executable, "-m", "django", "rgpd_run", "--loop", "0.2"]
    return subprocess.Popen(
        command,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Leavers(threading.Thread):
    """People who leave one after the other while it runs, and when each of them had certainly left."""

    def __init__(self, people: list[uuid.UUID], done: Callable[[], float]) -> None:
        super().__init__(daemon=True)
        self.people, self.done = people, done
        self.left: dict[uuid.UUID, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Leave at the pace of the sending, so that it happens from its beginning to its end."""
        for number, one in enumerate(self.people):
            while not self.over.is_set() and self.done() < number / len(self.people):
                time.sleep(0.05)
            if self.over.is_set():
                break
            decisions.leave(one, "newsletter", "email", how="one_click", now=timezone.now())
            self.left[one] = time.time()
        connection.close()


def kill(found: list[subprocess.Popen[bytes]]) -> None:
    """kill -9 one sender; its lease runs out as soon as the other has gone on to another range."""
    victim = found.pop(0)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    running = Job.objects.filter(name=mailing.JOB, state=State.RUNNING)
    leases = set(running.values_list("lease", flat=True))
    while len(left := leases & set(running.values_list("lease", flat=True))) > WORKERS - 1:
        time.sleep(0.02)
    running.filter(lease__in=left).update(leased_until=timezone.now() - timedelta(seconds=1))
    found.append(sender())


def main(number: int, part: int) -> dict[str, object]:
    """Fill, send, kill, and say what happened."""
    building.PART = part
    uuids = fill(number)
    with connection.cursor() as cursor:
        cursor.execute(WITNESS)
    path = Path(tempfile.mkdtemp(prefix="crowd-")) / "got"
    path.touch()
    texts = {"en": {"subject": "News", "text": "Hello."}, "fr": {"subject": "Nouvelles", "text": "Bonjour."}}
    campaign = campaigns.draft("Crowd", "newsletter", texts, now=timezone.now())
    campaigns.start(campaign, now=timezone.now())
    began = time.monotonic()
    deliver.run_due(now=timezone.now(), names=frozenset({building.JOB}))
    built = time.monotonic() - began
    assert CampaignRecipient.objects.count() == number

    size = [0]

    def progress() -> float:
        return size[0] / number

    leavers = Leavers(random.sample(uuids, min(max(number // 20, 40), 2_000)), progress)
    with mail_server(path):
        found = [sender() for _one in range(WORKERS)]
        leavers.start()
        began, kills = time.monotonic(), 0
        try:
            while not Campaign.objects.filter(pk=campaign.pk, state="done").exists():
                size[0] = path.stat().st_size // 45
                if kills < KILLS and progress() > (kills + 1) / (KILLS + 2):
                    kill(found)
                    kills += 1
                time.sleep(0.1)
        finally:
            leavers.over.set()
            for one in found:
                one.kill()
                one.wait()
        seconds = time.monotonic() - began
    leavers.join()
    copies = Counter(path.read_text().split())
    got = {one for one in uuids if copies[address(one)]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT person, extract(epoch FROM began) FROM witness")
        marks = {person: float(at) for person, at in cursor.fetchall()}
    unknown = set(CampaignRecipient.objects.filter(state="unknown").values_list("person", flat=True))
    campaign.refresh_from_db()
    return {
        "people": number,
        "seconds to write the list": round(built, 1),
        "seconds to send": round(seconds, 1),
        "killed": kills,
        "left": len(leavers.left),
        "left and not mailed": len(set(leavers.left) - got),
        "twice": sum(one > 1 for one in copies.values()),
        "marked after leaving": sum(one in marks and marks[one] > at for one, at in leavers.left.items()),
        "mailed without a mark": len(got - set(marks)),
        "forgotten": len(set(uuids) - got - set(leavers.left) - unknown),
        "unknown": len(unknown),
        "unknown in the report": report(campaign).states.get("unknown", 0),
        "report": dict(campaign.totals),
    }


if __name__ == "__main__":
    with database():
        sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
