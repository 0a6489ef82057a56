"""Run by a test in a process of its own: a big list is imported while people leave, a campaign runs, and importers are killed.

``python -m tests.imports.crowd LINES``. Makes a database beside the one that ``DATABASE_URL`` names and takes it away again.
Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from uuid import UUID

os.environ["CROWD_FILES"] = tempfile.mkdtemp(prefix="crowd-files-")

crowd = import_module("tests.marketing.crowd")  # it sets Django up

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from django_rgpd.consent import decisions, rebuild, suppress  # noqa: E402
from django_rgpd.consent.models import ConsentState, Wording  # noqa: E402
from django_rgpd.erasure.execute import erase  # noqa: E402
from django_rgpd.imports import back, batches  # noqa: E402
from django_rgpd.imports.models import ConsentImport, Stage  # noqa: E402
from django_rgpd.marketing import campaigns  # noqa: E402
from django_rgpd.marketing.models import Campaign  # noqa: E402
from django_rgpd.outbox.models import Job, State  # noqa: E402
from django_rgpd.registry import people  # noqa: E402

WORK = Path(os.environ["CROWD_FILES"])
KINDS = ("erased", "suppressed", "refused", "known")
BAD = {97: "bad_address", 98: "bad_date", 99: "no_how"}
"""Of each hundred lines, those that are wrong by themselves."""


def address(number: int) -> str:
    """Of a line."""
    return f"p{number}@example.com"


def known(each: int) -> None:
    """``each`` people of every kind, who stand first in the list."""
    now = timezone.now() - timedelta(hours=1)
    for number in range(each * len(KINDS)):
        what, text = KINDS[number % len(KINDS)], address(number)
        if what == "suppressed":
            suppress.suppress("email", text, reason=suppress.OBJECTED, now=now)
            continue
        person = people.prove(people.note("email", text, now=now), how="click", now=now).person
        if what == "erased":
            erase(person, how="link", now=now)
        elif what == "refused":
            decisions.object_to(person, "newsletter", "email", how="link", now=now)
        else:
            decisions.give(person, "newsletter", "email", how="form", now=now)
    Job.objects.all().delete()  # their receipts


def listing(lines: int) -> Path:
    """A file of that many lines below its header."""
    path = WORK / f"list-{lines}.csv"
    spoilt = {
        "bad_address": "{0}nowhere,2024-05-02,form",
        "bad_date": "{1},2024-13-02,form",
        "no_how": "{1},2024-05-02,",
    }
    with path.open("w") as file:
        file.write("email,date,how,wording\n")
        for number in range(lines):
            shape = spoilt.get(BAD.get(number % 100, ""), "{1},2024-05-02 10:00,form on the home page")
            file.write(shape.format(number, address(number)) + ",newsletter fr 1\n")
    return path


def command(path: Path, *more: str) -> subprocess.Popen[bytes]:
    """The import by command."""
    told = [
        sys.executable,
        "-m",
        "django",
        "rgpd_import_consents",
        str(path),
        "--purpose",
        "newsletter",
        *more,
    ]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(told, env=dict(os.environ), **quiet)


def megabytes(path: Path) -> int:
    """The most memory that a dry run of the list takes."""
    run = command(path, "--dry-run", "--report", str(path.with_suffix(".report")))
    _pid, status, used = os.wait4(run.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 3, "lines were left out"
    return used.ru_maxrss // 1024


def left_out(path: Path) -> Counter[str]:
    """How many lines the report names, by reason; each is the line that it says."""
    return Counter(line.split(",", 1)[1].strip().strip('"') for line in path.read_text().splitlines()[1:])


class Leavers(threading.Thread):
    """People whom the list brought, who leave one after the other while it is being taken."""

    def __init__(self, after: int) -> None:
        super().__init__(daemon=True)
        self.after = after
        self.left: dict[UUID, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """At random, whoever is there."""
        last = self.after
        while not self.over.wait(0.1):
            rows = ConsentState.objects.filter(pk__gt=last, live=True).order_by("pk")[:200]
            found = list(rows.values_list("pk", "person"))
            for pk, person in random.sample(found, min(2, len(found))):
                last = max(last, pk)
                decisions.leave(person, "newsletter", "email", how="one_click", now=timezone.now())
                self.left[person] = time.time()
        connection.close()


def wait(batch: ConsentImport, *, line: int) -> None:
    """Until it came so far, or is done."""
    while True:
        batch.refresh_from_db()
        if batch.line >= line or batch.stage == Stage.DONE:
            return
        time.sleep(0.02)


def let_leases_run_out() -> None:
    """Of whoever was killed; the living renew theirs, or find that somebody else goes on."""
    Job.objects.filter(name=batches.TAKE, state=State.RUNNING).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )


def killed_twice(path: Path, lines: int) -> Iterator[ConsentImport]:
    """The import whose command is killed, and then the first of two workers that go on; yielded once two of them work."""
    first = command(path, "--no-input")
    while not (batch := ConsentImport.objects.filter(stage=Stage.CONFIRMED).first()):
        time.sleep(0.02)
    wait(batch, line=lines // 5)
    first.kill()
    assert first.wait() < 0, "it was done before it could be killed"
    let_leases_run_out()
    workers = [crowd.sender(), crowd.sender()]
    try:
        yield batch
        wait(batch, line=lines // 2)
        workers[0].kill()
        workers[0].wait()
        let_leases_run_out()
        workers[0] = crowd.sender()
        wait(batch, line=lines + 2)
        yield batch
    finally:
        for one in workers:
            one.kill()
            one.wait()


def main(lines: int) -> dict[str, object]:
    """Fill, try, import, kill, leave, send, take back, and say what happened."""
    each = min(lines // 40, 200)
    Wording.objects.create(
        purpose="newsletter", language="fr", text="Oui.", valid_from=timezone.now() - timedelta(days=3000)
    )
    known(each)
    with connection.cursor() as cursor:
        cursor.execute(crowd.WITNESS)
    path = listing(lines)
    little, much = megabytes(listing(lines // 10)), megabytes(path)
    report = left_out(path.with_suffix(".report"))
    got = WORK / "got"
    got.touch()
    leavers = Leavers(ConsentState.objects.latest("pk").pk)
    with crowd.mail_server(got):
        steps = killed_twice(path, lines)
        batch = next(steps)
        leavers.start()
        texts = {"en": {"subject": "News", "text": "Hello."}}
        campaign = campaigns.draft("Crowd", "newsletter", texts, now=timezone.now())
        campaigns.start(campaign, now=timezone.now())
        next(steps)
        while not Campaign.objects.filter(pk=campaign.pk, state="done").exists():
            time.sleep(0.2)
        leavers.over.set()
        leavers.join()
        steps.close()
    copies = Counter(got.read_text().split())
    with connection.cursor() as cursor:
        cursor.execute("SELECT person, extract(epoch FROM began) FROM witness")
        marks = {person: float(at) for person, at in cursor.fetchall()}
    never = {address(number) for number in range(each * len(KINDS)) if KINDS[number % len(KINDS)] != "known"}
    bad = sum(number % 100 in BAD and number >= each * len(KINDS) for number in range(lines))
    batch.refresh_from_db()
    live = ConsentState.objects.filter(live=True).count()
    others = list(rebuild.compare())
    taken_back = back.take_back(batch.uuid, actor="command", now=timezone.now())
    return {
        "lines": lines,
        "megabytes of a tenth": little,
        "megabytes": much,
        "left out": sum(report.values()),
        "reasons": len(report),
        "wrong by themselves": bad,
        "stage": str(batch.stage),
        "taken": batch.taken,
        "changed": sum(batch.changed.values()),
        "accepted": batch.told["accepted"],
        "left": len(leavers.left),
        "live but for who left": live - (batch.taken + each - len(leavers.left)),
        "states unlike their events": len(others),
        "mailed": len(copies),
        "mailed twice": sum(one > 1 for one in copies.values()),
        "mailed who never may be": len(never & set(copies)),
        "marked after leaving": sum(one in marks and marks[one] > at for one, at in leavers.left.items()),
        "left who is live": ConsentState.objects.filter(live=True, person__in=leavers.left).count(),
        "not taken back": taken_back + len(set(leavers.left)) - batch.taken,
        "live at last": ConsentState.objects.filter(live=True).count() - each,
        "files": len(list((WORK / "private").iterdir())),
    }


if __name__ == "__main__":
    with crowd.database():
        sys.stdout.write(json.dumps(main(int(sys.argv[1]))) + "\n")
