"""Run by a test in a process of its own: a replay killed at its statements, done again, and compared.

``python -m tests.faults.kill_replay STEP``: every STEP-th statement is tried. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="kill-replay-"))
DATABASE, DUMP = FOLDER / "shop.sqlite3", FOLDER / "dump.sqlite3"
os.environ["DATABASE_URL"] = f"sqlite:///{DATABASE}"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from django_rgpd.consent import decisions  # noqa: E402
from django_rgpd.consent.models import ConsentState  # noqa: E402
from django_rgpd.core import conf  # noqa: E402
from django_rgpd.erasure.execute import erase  # noqa: E402
from django_rgpd.erasure.models import Erasure  # noqa: E402
from django_rgpd.ledger import door, tasks, verify  # noqa: E402
from django_rgpd.ledger.models import Event  # noqa: E402
from django_rgpd.ledger.replay import replay  # noqa: E402
from django_rgpd.outbox.deliver import run_due  # noqa: E402
from django_rgpd.outbox.models import Job  # noqa: E402
from django_rgpd.policy import EMAIL  # noqa: E402
from django_rgpd.registry import people  # noqa: E402
from django_rgpd.registry.models import Person, Suppression  # noqa: E402
from example_shop.accounts.models import User  # noqa: E402
from example_shop.factories import make_customer, make_guest  # noqa: E402
from example_shop.orders.models import Order  # noqa: E402

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
AFTER = NOW + timedelta(hours=3)


def proven(email: str, person: Person | None = None, *, at: datetime) -> Person:
    """Whoever has the address, proven by a click."""
    return people.prove(people.note("email", email, person=person, now=at), how="link", now=at).person


def prepare() -> None:
    """A dump, and a mirror that goes further: an account and a guest erased, an objection, a withdrawal."""
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(FOLDER / "mirror")}
    conf.get.cache_clear()
    call_command("migrate", verbosity=0)
    user, paul = make_customer(email="killed@example.com"), make_customer(email="paul@example.com")
    marie, objector = (people.person_of(one, now=NOW) for one in (user, paul))
    for person, email in ((marie, user.email), (objector, paul.email)):
        proven(email, person, at=NOW)
        decisions.give(person, "newsletter", EMAIL, how="account", now=NOW)
    make_guest("guest@example.com")
    make_guest("anna@example.com")
    tasks.seal_what_came(now=NOW)
    run_due(now=NOW)
    copied(DATABASE, DUMP)
    erase(marie, how="account", choices={"reviews": "delete", "suppress": True}, now=LATER)
    erase(proven("guest@example.com", at=LATER), how="link", now=LATER)
    tasks.seal_what_came(now=LATER)
    decisions.refuse_all(objector, how="link", now=LATER)
    decisions.object_to(proven("anna@example.com", at=LATER), "", "", how="link", now=LATER)
    tasks.seal_what_came(now=LATER)
    run_due(now=LATER)


def copied(source: Path, target: Path) -> None:
    """Copy a database file as it is on the disk."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for path in FOLDER.glob(f"{target.name}*"):
        path.unlink()
    shutil.copy(source, target)


def begin_again() -> None:
    """The dump, restored."""
    copied(DUMP, DATABASE)
    door.forget()


def killed_at(number: int) -> bool:
    """Replay in a child that is killed before its statement ``number``; False where it ended before."""
    connection.close()
    child = os.fork()
    if child == 0:
        count = 0

        def count_down(run: Callable[..., object], *args: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return run(*args)

        with connection.execute_wrapper(count_down):
            replay(now=AFTER)
        connection.close()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def end_state() -> dict[str, object]:
    """What must be the same however often it was killed."""
    faults = [fault for fault in verify.verify(now=AFTER) if "trigger" not in fault.where]
    return {
        "users": list(User.objects.order_by("pk").values_list("email", flat=True)),
        "orders": list(Order.objects.order_by("pk").values_list("number", "street", "customer")),
        "erasures": sorted(str(one) for one in Erasure.objects.values_list("uuid", "state", "asked_at")),
        "events": sorted(
            str(one) for one in Event.objects.values_list("kind", "uuid") if one[0] != "replayed"
        ),
        "replays": Event.objects.filter(kind="replayed").count(),
        "erased": Person.objects.filter(erased_at=LATER).count(),
        "consents": sorted(
            str(one) for one in ConsentState.objects.values_list("person", "purpose", "standing")
        ),
        "suppressed": sorted(
            str(one) for one in Suppression.objects.values_list("digest", "purpose", "reason")
        ),
        "second passes": Job.objects.filter(name="erasure.second_pass").count(),
        "faults": [str(fault) for fault in faults],
        "door": door.replay_due(),
    }


def main(step: int) -> None:
    """Try every ``step``-th statement."""
    prepare()
    begin_again()
    replay(now=AFTER)
    expected = end_state()
    problems = [] if not expected["door"] and not expected["faults"] else [f"not whole: {expected}"]
    tried, number = 0, 1
    while True:
        begin_again()
        if not killed_at(number):
            break
        if not door.replay_due():
            problems.append(f"the door is open after statement {number}")
        replay(now=AFTER)
        if end_state() != expected:
            problems.append(f"another end after statement {number}: {end_state()}")
        tried += 1
        number += step
    sys.stdout.write(json.dumps({"tried": tried, "problems": problems, "expected": str(expected)}) + "\n")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
