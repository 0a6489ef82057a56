"""``rgpd_verify``: whether the ledger is whole and unchanged, and the consents are what it says."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.consent import rebuild
from django_rgpd.core import clock
from django_rgpd.erasure.replay import returned
from django_rgpd.ledger.models import Seal
from django_rgpd.ledger.verify import verify
from django_rgpd.management.database import needed

SHOWN = 50


class Command(BaseCommand):
    """Reads the whole ledger and changes nothing; exits 1 where something is wrong."""

    help = "Verify the ledger: edited, deleted, moved or cut off events, and consents that differ from them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--no-consents``."""
        parser.add_argument("--no-consents", action="store_true", help="leave the consents out")

    @needed()
    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, and say what is wrong."""
        found = 0
        for line in self._faults(consents=not options["no_consents"]):
            found += 1
            if found <= SHOWN:
                self.stderr.write(line)
        if found:
            text = ngettext("%(number)d fault in the ledger.", "%(number)d faults in the ledger.", found)
            raise CommandError(text % {"number": found})
        seals = Seal.objects.count()
        text = ngettext(
            "The ledger is whole: %(number)d seal.", "The ledger is whole: %(number)d seals.", seals
        )
        self.stdout.write(text % {"number": seals})

    def _faults(self, *, consents: bool) -> Iterator[str]:
        for fault in verify(now=clock.now()):
            yield str(fault)
        for uuid in returned():
            what = _("erasure %(uuid)s: who was erased is here again: run rgpd_replay --all.")
            yield what % {"uuid": uuid}
        if not consents:
            return
        for one in rebuild.compare():
            said = {"person": one.person, "purpose": one.purpose or "*", "channel": one.channel or "*"}
            what = _(
                "person %(person)s: the consent to %(purpose)s by %(channel)s is not what the events say:"
                " run rgpd_consents --rebuild."
            )
            yield what % said
