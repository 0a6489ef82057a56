"""``rgpd_replay``: bring a restored dump up to the mirror, before anything is sent from it."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.consent.replay import stand_everybody_again
from django_rgpd.core import clock
from django_rgpd.erasure.replay import erase_everybody_again
from django_rgpd.holds.replay import place_again
from django_rgpd.ledger.replay import Report, replay
from django_rgpd.ledger.tail import MirrorBroken
from django_rgpd.ledger.whole import LedgerIncomplete, must_be_whole, must_find_by_digests
from django_rgpd.management.database import needed
from django_rgpd.marketing.restoring import hold_back
from django_rgpd.outbox import door


class Command(BaseCommand):
    """Applies again what was decided after a dump was taken; done twice it changes nothing more."""

    help = (
        "After the restore of an older dump: erases again, and lets objections and withdrawals stand again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--dry-run", action="store_true", help="verify the mirror, and say what it has more"
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="after some tables alone were restored: apply everything that the ledger tells",
        )

    @needed()
    def handle(self, *, dry_run: bool, **options: object) -> None:
        """Replay once. Exits with 1 where the mirror is refused, or where something could not be applied."""
        now = clock.now()
        everything = bool(options["all"]) and not dry_run
        try:
            if everything:
                must_be_whole()
                must_find_by_digests()
            report = replay(now=now, dry_run=dry_run, progress=self._progress)
        except (MirrorBroken, LedgerIncomplete) as error:
            raise CommandError(_("%(why)s Nothing was changed.") % {"why": error}) from error
        if everything:
            place_again(report, now=now)
            stand_everybody_again(report, now=now)
            erase_everybody_again(report, now=now, progress=self._progress)
        if not dry_run and not report.seals:  # mails may have been sent since, which no ledger knows of
            report.done += hold_back()
        self._say(report)
        if report.left:
            if door.shut():
                words = _(
                    "Marketing and deliveries wait until this is done as well: see above, then run it again."
                )
            else:
                words = _("Some of it is left to be done: see above, then run it again.")
            raise CommandError(words)
        if not dry_run and report.seals:
            self.stdout.write(_("The database is up to date: marketing and deliveries go on."))

    def _say(self, report: Report) -> None:
        if not report.seals:
            self.stdout.write(_("The mirror has nothing that this database has not."))
        else:
            text = ngettext(
                "The mirror has %(number)d seal more, of %(events)d events:",
                "The mirror has %(number)d seals more, of %(events)d events:",
                report.seals,
            )
            self.stdout.write(text % {"number": report.seals, "events": report.events})
        for kind, number in sorted(report.kinds.items()):
            self.stdout.write(f"  {kind}: {number}")
        for line in report.done:
            self.stdout.write(line)
        for line in report.left:
            self.stderr.write(line)

    def _progress(self, what: str, done: int, of: int) -> None:
        """One line that is written over, for who watches; a log gets none."""
        if self.stderr.isatty():
            self.stderr.write(f"\r{what}: {done}/{of}", ending="\n" if done == of else "")
            self.stderr.flush()
