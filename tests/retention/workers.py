"""Run by a test in a process of its own: a sweep cut into jobs, carried out by worker processes of a task backend.

``python -m tests.retention.workers SCENE``: ``parallel``, or ``killed``, where a worker is killed in the middle of its work.
Makes a database beside the one that ``DATABASE_URL`` names and takes it away again. Prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

DATABASE = f"workers_{os.getpid()}"
os.environ["WORKERS_DATABASE"] = DATABASE
os.environ["DJANGO_SETTINGS_MODULE"] = os.environ.get("WORKERS_SETTINGS", "tests.retention.workers_settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from django_rgpd.outbox.models import Job, State  # noqa: E402
from django_rgpd.retention import ranges  # noqa: E402
from django_rgpd.retention.sweep import sweep  # noqa: E402
from example_shop.contact.models import ContactMessage  # noqa: E402

ROWS, SIZE, WORKERS = 160, 10, 4
COMMANDS = {
    "db": ["db_worker", "--interval", "0.1", "--no-startup-delay"],
    "rq": ["rqworker", "default", "--job-class", "django_tasks_rq.Job"],
}
WITNESS = """
CREATE TABLE witness (worker text, message bigint);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(0.02);
    INSERT INTO witness VALUES (current_setting('application_name'), OLD.id);
    RETURN OLD;
END $$;
CREATE TRIGGER witness BEFORE DELETE ON contact_contactmessage FOR EACH ROW EXECUTE FUNCTION witness();
"""
"""Each row that goes takes a moment, and is noted with who took it, in the same transaction."""


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A database of this process's own."""
    from django.db.backends.postgresql.psycopg_any import sql

    beside = connection.copy()
    beside.settings_dict = {**connection.settings_dict, "NAME": "postgres"}
    with beside.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    try:
        call_command("migrate", run_syncdb=True, verbosity=0)
        yield
    finally:
        connection.close()
        with beside.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        beside.close()


@contextlib.contextmanager
def workers() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Four worker processes of the task backend, by the name that PostgreSQL knows them by."""
    command = [sys.executable, "-m", "django", *COMMANDS[os.environ["WORKERS"]]]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    found = {
        name: subprocess.Popen(command, env={**os.environ, "PGAPPNAME": name}, **quiet)
        for name in (f"worker-{number}" for number in range(WORKERS))
    }
    try:
        yield found
    finally:
        for one in found.values():
            end(one)


def end(worker: subprocess.Popen[bytes]) -> None:
    """kill -9, what it started first: RQ does each job in a child that leads a group of its own."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    started = children.read_text().split() if children.exists() else []
    for pid in (*map(int, started), worker.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    worker.wait()


def wait(until: Callable[[], object], *, seconds: float = 60) -> None:
    """Look every tenth of a second; raises ``TimeoutError``."""
    last = time.monotonic() + seconds
    while not until():
        if time.monotonic() > last:
            raise TimeoutError(f"{sorted(Job.objects.values_list('name', 'state', 'note'))}")
        time.sleep(0.1)


def busy() -> list[str]:
    """The workers that are deleting messages at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'active' AND query LIKE 'DELETE FROM %contact_contactmessage%'"
        )
        return [name for (name,) in cursor.fetchall()]


def over() -> bool:
    """Whether no range is left."""
    return not Job.objects.filter(name=ranges.JOB).exclude(state=State.DONE).exists()


def kill_one(found: dict[str, subprocess.Popen[bytes]]) -> int:
    """Kill a worker in the middle of a range, and let its lease run out; says how many ranges were left behind."""
    wait(busy)
    end(found[busy()[0]])
    unended = Job.objects.filter(name=ranges.JOB).exclude(state=State.DONE)
    wait(lambda: unended.count() == 1)  # the others go on without it
    abandoned = unended.filter(state=State.RUNNING).update(leased_until=timezone.now() - timedelta(seconds=1))
    call_command("rgpd_run", stdout=sys.stderr, stderr=sys.stderr)
    return abandoned


def main(scene: str) -> dict[str, object]:
    """Fill, cut, have it worked off, and say what happened."""
    with connection.cursor() as cursor:
        cursor.execute(WITNESS)
    long_ago = timezone.now() - timedelta(days=4_000)
    ContactMessage.objects.bulk_create(
        ContactMessage(name="Marie", email="marie@example.com", text="Hello", received_at=long_ago)
        for _number in range(ROWS)
    )
    with workers() as found:
        cut = sweep(now=timezone.now(), share=True, size=SIZE).cut
        abandoned = kill_one(found) if scene == "killed" else 0
        wait(over)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT message), count(DISTINCT worker) FROM witness")
        released, rows, by = cursor.fetchone()
    return {
        "cut": cut,
        "left": ContactMessage.objects.count(),
        "released": released,
        "rows": rows,
        "workers": by,
        "abandoned": abandoned,
        "attempts": sum(Job.objects.filter(name=ranges.JOB).values_list("attempts", flat=True)),
        "jobs": Job.objects.filter(name=ranges.JOB, state=State.DONE).count(),
    }


if __name__ == "__main__":
    assert settings.DATABASES["default"]["NAME"] == DATABASE
    with database():
        sys.stdout.write(json.dumps(main(sys.argv[1])) + "\n")
