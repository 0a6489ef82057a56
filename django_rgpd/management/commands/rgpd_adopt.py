"""Adopts a shop that lived before, or a changed policy: shows what would be released, and waits for the approval."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.core import clock
from django_rgpd.management.database import needed
from django_rgpd.retention import approval, proposal
from django_rgpd.retention.adopt import adopt

ACTOR = "command"


class Command(BaseCommand):
    """Nothing personal is released here: the sweep does that, once it may."""

    help = "Shows what a first sweep, or a changed policy, would release; approves it with --approve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--approve", nargs="*", metavar="APP.MODEL", help="let the sweep go to work: on all, or on these"
        )
        parser.add_argument(
            "--withdraw", nargs="+", metavar="APP.MODEL", help="take an approval back: these wait again"
        )
        parser.add_argument("--dry-run", action="store_true", help="show it, and change nothing at all")
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="approve without asking"
        )

    @needed()
    def handle(
        self,
        *,
        approve: list[str] | None,
        withdraw: list[str] | None,
        dry_run: bool,
        interactive: bool,
        **options: object,
    ) -> None:
        """Read, show, and do what was asked."""
        now = clock.now()
        try:
            with transaction.atomic():
                if withdraw:
                    approval.withdraw(withdraw, now=now, actor=ACTOR)
                self._read(now)
                waiting = self._show(now)
                transaction.set_rollback(dry_run)
            if approve is not None and not dry_run:
                self._approve(approve or [one.label for one in waiting], waiting, now, ask=interactive)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if waiting and approve is None:
            self.stdout.write(_("Approve it with: manage.py rgpd_adopt --approve"))

    def _read(self, now: datetime) -> None:
        done = adopt(now=now, actor=ACTOR)
        if done.people:
            text = ngettext(
                "%(number)d account is known from now on.",
                "%(number)d accounts are known from now on.",
                done.people,
            )
            self.stdout.write(text % {"number": done.people})
        for path, number in done.contacts.items():
            text = ngettext(
                "%(path)s: the last contact of %(number)d person.",
                "%(path)s: the last contact of %(number)d people.",
                number,
            )
            self.stdout.write(text % {"path": path, "number": number})
        if done.withdrawn:
            text = _(
                "People are counted who were not before; what was approved is looked at again: %(labels)s."
            )
            self.stdout.write(text % {"labels": ", ".join(done.withdrawn)})

    def _show(self, now: datetime) -> list[approval.Waiting]:
        waiting = approval.settle(now=now)
        if not waiting:
            self.stdout.write(_("Nothing waits for an approval."))
            return waiting
        self.stdout.write(_("The next sweep would release, once it is approved:"))
        table = [(_("model"), _("purpose"), _("rows"))]
        table += [(one.label, one.purpose, str(one.rows)) for one in proposal.lines(waiting)]
        wide = [max(len(row[column]) for row in table) for column in range(3)]
        for label, purpose, rows in table:
            self.stdout.write(f"  {label:<{wide[0]}}  {purpose:<{wide[1]}}  {rows:>{wide[2]}}")
        return waiting

    def _approve(
        self, labels: list[str], waiting: list[approval.Waiting], now: datetime, *, ask: bool
    ) -> None:
        if waiting and ask and not self._agreed(labels):
            raise CommandError(_("Nothing was approved."))
        number = approval.approve(labels, now=now, actor=ACTOR)
        text = ngettext("%(number)d model approved.", "%(number)d models approved.", number)
        self.stdout.write(text % {"number": number})

    def _agreed(self, labels: list[str]) -> bool:
        if not sys.stdin.isatty():
            raise CommandError(_("There is nobody to ask: read what is shown, then add --no-input."))
        question = ngettext(
            "Approve %(number)d model (%(labels)s)?", "Approve %(number)d models (%(labels)s)?", len(labels)
        ) % {"number": len(labels), "labels": ", ".join(labels)}
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes", "o", "oui"}
