"""``rgpd_check``: the library's checks for people, and a rehearsal of an erasure in the database itself."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.checks import CheckMessage, run_checks
from django.core.checks.messages import ERROR
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.core import clock
from django_rgpd.core.checks import TAG
from django_rgpd.management.database import not_migrated


class Command(BaseCommand):
    """Says what is wrong with the settings, the policy and the declarations, and exits with 1 where an error is."""

    help = "Check the settings, the policy and the declarations; with --database, try an erasure and roll it back."
    requires_system_checks: list[str] = []  # they are what it runs

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--deploy", action="store_true", help="also what matters in production only")
        parser.add_argument(
            "--database",
            action="store_true",
            help="also try the erasure of a customer in a savepoint, so that constraints speak before she does",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Print what was found, errors last, where a terminal ends."""
        found = run_checks(tags=[TAG], include_deployment_checks=bool(options["deploy"]))
        found = [one for one in found if not one.is_silenced()]
        self._print(found)
        problems = self._rehearsed() if options["database"] else []
        errors = [one for one in found if one.level >= ERROR]
        if errors or problems:
            raise CommandError(_summary(len(errors) + len(problems)))
        self.stdout.write(self.style.SUCCESS(_("The declarations can be followed and carried out.")))

    def _print(self, found: Sequence[CheckMessage]) -> None:
        for one in sorted(found, key=lambda message: (message.level, str(message.id))):
            style = self.style.ERROR if one.level >= ERROR else self.style.WARNING
            self.stdout.write(style(str(one)))
            self.stdout.write("")

    def _rehearsed(self) -> list[str]:
        """The engine is asked only here: checks of declarations need no database."""
        from django_rgpd.erasure.rehearse import rehearse

        if words := not_migrated():
            raise CommandError(words)
        problems = rehearse(now=clock.now())
        for problem in problems:
            self.stdout.write(self.style.ERROR(problem))
        if not problems:
            self.stdout.write(
                _("An erasure was tried in the database and rolled back: nothing was in its way.")
            )
        return problems


def _summary(number: int) -> str:
    return ngettext("%(number)s error.", "%(number)s errors.", number) % {"number": number}
