"""``rgpd_residue``: where an address is still found, for staff who want to be sure."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.erasure.residue import Finding, Value, distinctive, gather, not_searched, search
from django_rgpd.registry import people


class Command(BaseCommand):
    """Searches every text column of every table, the declared files and the sessions; prints places, never
    values."""

    help = "Say where an address, and what belongs to its person, is still found."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--email",
            default="",
            help="the address; '-' reads standard input; asked for where left out",
        )
        parser.add_argument("--phone", action="append", default=[], help="a phone number too")
        parser.add_argument(
            "--text", action="append", default=[], help="another distinctive text too (a street, a full name)"
        )

    def handle(self, *args: object, **options: object) -> None:
        """Search, print, and exit with 1 where something is left that the rule does not keep."""
        values = _values(_asked(str(options["email"])), _texts(options["phone"]), _texts(options["text"]))
        found = search(values, now=clock.now())
        left = [finding for finding in found if not finding.kept]
        self._print(_("Left, and not kept by the rule:"), left)
        self._print(_("Kept by the rule:"), [finding for finding in found if finding.kept])
        self.stdout.write(_("Not searched: %s.") % "; ".join(not_searched()))
        if left:
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS(_("Nothing is left.")))

    def _print(self, title: str, findings: list[Finding]) -> None:
        if findings:
            self.stdout.write(title)
        for finding in findings:
            self.stdout.write(f"  {finding}")


def _asked(given: str) -> str:
    if given == "-":
        return sys.stdin.readline().strip()
    if given:
        return given
    if not sys.stdin.isatty():
        raise CommandError(_("Give the address with --email, or '--email -' to read it from standard input."))
    return getpass.getpass(_("Address (it is not shown): ")).strip()


def _values(email: str, phones: list[str], texts: list[str]) -> list[Value]:
    try:
        canonical = addresses.canonical(addresses.EMAIL, email)
    except BadAddress as error:
        raise CommandError(str(error)) from None
    values = distinctive({"email": {email, canonical}, "phone": phones, "text": texts})
    person = people.known(addresses.EMAIL, canonical)
    if person is not None:
        values += gather(people.subject(person))
    return list(dict.fromkeys(values))


def _texts(given: object) -> list[str]:
    return [str(one) for one in given] if isinstance(given, list) else []
