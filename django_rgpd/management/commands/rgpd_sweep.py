"""Releases what no purpose holds any more, or shows what would be released."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.core import clock
from django_rgpd.management.arguments import seconds
from django_rgpd.management.database import needed
from django_rgpd.retention import addresses
from django_rgpd.retention.sweep import Report, sweep
from django_rgpd.retention.working import Tell, silent


class Command(BaseCommand):
    """By hand what ``rgpd_run`` does once a day, in this process alone."""

    help = "Releases the personal data that no purpose holds any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--dry-run", action="store_true", help="change nothing, say what is due")
        parser.add_argument("--only", nargs="+", default=[], metavar="APP.MODEL", help="these models only")
        parser.add_argument("--full", action="store_true", help="look at all rows, as once a week")
        parser.add_argument(
            "--max-seconds", type=seconds, metavar="S", help="begin nothing more after S seconds"
        )

    @needed()
    def handle(
        self, *, dry_run: bool, only: list[str], full: bool, max_seconds: float | None, **options: object
    ) -> None:
        """Sweep once. Exits with 1 where a model failed."""
        now = clock.now()
        try:
            report = sweep(
                now=now, dry_run=dry_run, only=only, full=full, max_seconds=max_seconds, tell=_listener()
            )
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self._say_done(report)
        self._say_left(report)
        if dry_run:
            return
        if not only and report.complete:
            forgotten = addresses.forget_addresses(now=now)
            if forgotten:
                self.stdout.write(_("Addresses forgotten: %(number)d") % {"number": forgotten})
        if report.failed:
            raise CommandError(
                _("Some models could not be released in full; the next run tries what is left.")
            )

    def _say_done(self, report: Report) -> None:
        for label, rows in sorted(report.due.items()):
            self.stdout.write(_("%(label)s: %(rows)d due") % {"label": label, "rows": rows})
        for label in sorted({*report.done.changed, *report.done.deleted}):
            self.stdout.write(
                _("%(label)s: %(changed)d released, %(deleted)d deleted")
                % {
                    "label": label,
                    "changed": report.done.changed.get(label, 0),
                    "deleted": report.done.deleted.get(label, 0),
                }
            )
        if not report.rows and report.complete:
            self.stdout.write(_("Nothing is due."))

    def _say_left(self, report: Report) -> None:
        for label, rows in sorted(report.waiting.items()):
            text = ngettext(
                "%(label)s: %(rows)d row waits for an approval; nothing of the model was released.",
                "%(label)s: %(rows)d rows wait for an approval; nothing of the model was released.",
                rows,
            )
            self.stdout.write(text % {"label": label, "rows": rows})
        for label, keys in sorted(report.aside.items()):
            text = _("%(label)s: the database refuses these rows, which were set aside: %(keys)s")
            self.stderr.write(text % {"label": label, "keys": ", ".join(keys)})
        for label, error in sorted(report.failed.items()):
            self.stderr.write(_("%(label)s: failed (%(error)s)") % {"label": label, "error": error})
        if not report.complete:
            self.stdout.write(_("Time is up: the next run goes on."))


def _listener() -> Tell:
    """A bar where ``tqdm`` is installed and somebody sits before the terminal; else nobody listens, and less is counted."""
    return _Bar() if find_spec("tqdm") and sys.stderr.isatty() else silent


class _Bar:
    """A bar for each model that takes a while."""

    def __init__(self) -> None:
        self.label = ""
        self.bar: Any = None

    def __call__(self, label: str, done: int, due: int) -> None:
        """So many rows of so many are done."""
        if label != self.label:
            self.label = label
            self.bar = import_module("tqdm").tqdm(total=due, desc=label, unit=" rows", disable=None)
        self.bar.update(done - self.bar.n)
        if done >= due:
            self.bar.close()
