"""Releases what no purpose holds any more, or shows what would be released."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.retention import addresses
from django_rgpd.retention.sweep import Report, sweep


class Command(BaseCommand):
    """By hand what ``rgpd_run`` does once a day."""

    help = "Releases the personal data that no purpose holds any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--dry-run", action="store_true", help="change nothing, say what is due")
        parser.add_argument("--only", nargs="+", default=[], metavar="APP.MODEL", help="these models only")
        parser.add_argument(
            "--max-seconds", type=float, metavar="S", help="begin nothing more after S seconds"
        )

    def handle(self, *, dry_run: bool, only: list[str], max_seconds: float | None, **options: object) -> None:
        """Sweep once. Exits with 1 where a model failed."""
        now = clock.now()
        try:
            report = sweep(now=now, dry_run=dry_run, only=only, max_seconds=max_seconds)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self._say(report, dry_run=dry_run)
        if dry_run:
            return
        if not only and report.complete:
            forgotten = addresses.forget_addresses(now=now)
            if forgotten:
                self.stdout.write(_("Addresses forgotten: %(number)d") % {"number": forgotten})
        if report.failed:
            raise CommandError(_("Some models could not be released; they stay as they were."))

    def _say(self, report: Report, *, dry_run: bool) -> None:
        if dry_run:
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
        for label, error in sorted(report.failed.items()):
            self.stderr.write(_("%(label)s: failed (%(error)s)") % {"label": label, "error": error})
        if not report.rows:
            self.stdout.write(_("Nothing is due."))
        if not report.complete:
            self.stdout.write(_("Time is up: the next run goes on."))
