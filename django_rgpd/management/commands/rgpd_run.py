"""Does all that is due: the shop's whole background work, for cron or in a loop."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from io import StringIO
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.management.arguments import count, pause
from django_rgpd.management.database import needed
from django_rgpd.outbox import daily, deliver, door
from django_rgpd.outbox.models import Job, State


class Command(BaseCommand):
    """Run from cron every few minutes; any number of them may run at once."""

    help = "Does everything that is due: daily duties, mails, files, exports, other systems."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--loop", type=pause, metavar="SECONDS", help="do it again and again, that often")
        parser.add_argument("--limit", type=count, metavar="N", help="carry out at most N jobs")

    def check(self, *args: Any, **options: Any) -> None:
        """Errors end the run. Warnings are for ``manage.py check``: cron would write them to somebody every five minutes."""
        spoken, self.stderr = self.stderr, OutputWrapper(StringIO())
        try:
            super().check(*args, **options)
        finally:
            self.stderr = spoken

    def handle(self, *, loop: float | None, limit: int | None, **options: object) -> None:
        """Once, or for ever. Exits with 1 where something failed."""
        if loop is None:
            with needed():
                failed = self.run(limit)
            if failed:
                raise CommandError(_("Something failed: see above, and the jobs in the admin."))
            return
        while True:
            self.turn(limit)
            time.sleep(loop)

    def turn(self, limit: int | None) -> None:
        """One turn of the loop, which a locked or absent database does not end."""
        close_old_connections()
        try:
            self.run(limit, quiet=True)
        except DatabaseError as error:
            self.stderr.write(_("The database does not answer (%s); trying again.") % type(error).__name__)
        finally:
            close_old_connections()

    def run(self, limit: int | None, *, quiet: bool = False) -> bool:
        """Do all that is due, and say what was done. Returns whether something failed."""
        now = clock.now()
        failed = daily.run_each(now=now)
        daily.put_today(now=now)
        summary = deliver.run_due(now=now, limit=limit)
        for name, error in failed.items():
            self.stderr.write(_("%(name)s failed: %(error)s.") % {"name": name, "error": error})
        for (name, state), number in sorted(summary.done.items()):
            self.stdout.write(f"{name}: {number} {_word(state)}")
        if words := door.shut():
            self.stderr.write(words)
        if not quiet:
            self.closing_words(summary)
        return bool(failed or summary.failed)

    def closing_words(self, summary: deliver.Summary) -> None:
        """What is left for later, and for people: no error, which cron would write to somebody about every few minutes."""
        if not summary.done:
            self.stdout.write(_("Nothing was due."))
        waiting = Job.objects.filter(state=State.WAITING).count()
        needing = Job.objects.filter(state=State.NEEDS).count()
        if waiting:
            self.stdout.write(_("Waiting for their time: %(number)d.") % {"number": waiting})
        if needing:
            self.stdout.write(_("Waiting for someone: %(number)d (see the admin).") % {"number": needing})


def _word(state: str) -> str:
    if state in State.values:
        return str(State(state).label)
    return {"failed": _("to be tried again"), "stale": _("taken over by another worker")}.get(state, state)
