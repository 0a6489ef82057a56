"""Run by a test in a process of its own: an erasure killed at each of its statements, resumed, and compared.

``python -m tests.faults.kill_erasure STEP``: every STEP-th statement is tried. Prints one line of JSON.
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

FOLDER = Path(tempfile.mkdtemp(prefix="kill-erasure-"))
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER / 'shop.sqlite3'}"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from django_rgpd.erasure.execute import erase  # noqa: E402
from django_rgpd.erasure.models import Erasure  # noqa: E402
from django_rgpd.ledger.models import Event  # noqa: E402
from django_rgpd.outbox.deliver import run_due  # noqa: E402
from django_rgpd.outbox.models import Job, State  # noqa: E402
from django_rgpd.registry.models import Person  # noqa: E402
from example_shop.accounts.models import User  # noqa: E402
from example_shop.invoices.models import Invoice  # noqa: E402
from example_shop.orders.models import Order  # noqa: E402

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
DATABASE = FOLDER / "shop.sqlite3"
ORIGINAL = FOLDER / "original.sqlite3"


def prepare() -> None:
    """A customer with everything, kept as a file to begin from again."""
    from django_rgpd.registry import people
    from example_shop.factories import make_customer

    call_command("migrate", verbosity=0)
    user = make_customer(email="killed@example.com")
    person = people.person_of(user, now=NOW)
    people.prove(people.note("email", user.email, person=person, now=NOW), how="link", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(DATABASE, ORIGINAL)


def begin_again() -> None:
    """The database as it was before."""
    connection.close()
    for path in FOLDER.glob("shop.sqlite3*"):
        path.unlink()
    shutil.copy(ORIGINAL, DATABASE)


def work() -> None:
    """The erasure and everything that follows it; done again it goes on where it stopped."""
    erase(Person.objects.get(), how="account", now=NOW)
    for minutes in (0, 11, 40, 80, 120):
        run_due(now=NOW + timedelta(minutes=minutes))


def killed_at(number: int) -> bool:
    """Do the work in a child that is killed before its statement ``number``; False where it ended before."""
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
            work()
        connection.close()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def half() -> bool:
    """Whether something happened and not all of it."""
    erased = Erasure.objects.exists()
    gone = not User.objects.exists() and not Order.objects.exclude(street="").exists()
    untouched = User.objects.exists() and not Order.objects.filter(street="").exists()
    return not (gone if erased else untouched)


def end_state() -> dict[str, object]:
    """What must be the same however often it was killed."""
    return {
        "users": User.objects.count(),
        "orders": list(Order.objects.order_by("pk").values_list("number", "street", "customer")),
        "invoices": list(Invoice.objects.order_by("pk").values_list("number", "billing_name")),
        "erasures": list(Erasure.objects.values_list("state", flat=True)),
        "events": list(Event.objects.filter(kind="erased").values_list("kind", flat=True)),
        "unfinished": Job.objects.exclude(state__in=[State.DONE, State.GONE]).count(),
        "payloads": Job.objects.exclude(payload={}).count(),
    }


def main(step: int) -> None:
    """Try every ``step``-th statement."""
    prepare()
    work()
    expected = end_state()
    problems, tried, number = [], 0, 1
    while True:
        begin_again()
        if not killed_at(number):
            break
        if half():
            problems.append(f"half an erasure after statement {number}")
        run_due(now=NOW + timedelta(minutes=30))
        work()
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
