"""``rgpd_consents``: compare what stands with what the ledger says, and write it anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from django_rgpd.consent import rebuild
from django_rgpd.ledger.whole import LedgerIncomplete, must_be_whole


class Command(BaseCommand):
    """Compares the state of every consent with its events; ``--rebuild`` mends what differs."""

    help = "Compare every consent with the events of the ledger; exits 1 where one differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--rebuild``."""
        parser.add_argument("--rebuild", action="store_true", help="write what differs anew from the events")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, or rebuild."""
        if options["rebuild"]:
            try:
                must_be_whole()
            except LedgerIncomplete as error:
                raise CommandError(_("%(why)s Nothing was changed.") % {"why": error}) from error
            self.stdout.write(f"{rebuild.rebuild()} consents written anew.")
            return
        found = 0
        for one in rebuild.compare():
            found += 1
            self.stdout.write(f"{one.what}: {one.purpose or '*'} {one.channel or '*'} of {one.person}")
        if found:
            msg = f"{found} consents differ from their events: run rgpd_consents --rebuild."
            raise CommandError(msg)
        self.stdout.write("Every consent is what its events say.")
