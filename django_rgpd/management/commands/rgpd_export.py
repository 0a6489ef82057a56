"""Writes one person's export to a file, for a request that came by letter or by phone."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.core.addresses import EMAIL, PHONE
from django_rgpd.export import archive
from django_rgpd.export.models import Document
from django_rgpd.holds import finding
from django_rgpd.ledger.record import record
from django_rgpd.processors import access
from django_rgpd.registry import people
from django_rgpd.registry.models import Person


class Command(BaseCommand):
    """Staff have made sure of who asks; the ledger says that it was done, and by whom."""

    help = "Writes all that is held about one person to a new file (GDPR art. 15 or 20)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--email", metavar="ADDRESS", help="whose proven address this is")
        who.add_argument("--phone", metavar="NUMBER", help="whose proven number this is")
        who.add_argument("--user", metavar="KEY", help="the key of an account")
        who.add_argument("--person", metavar="UUID", help="the person's uuid, as ledgers name her")
        parser.add_argument("--document", choices=Document.values, default=Document.ACCESS.value)
        parser.add_argument("--output", metavar="PATH", required=True, help="a file that does not exist yet")
        parser.add_argument("--actor", metavar="WHO", default="command", help="who does it, for the ledger")

    def handle(
        self,
        *,
        email: str | None,
        phone: str | None,
        user: str | None,
        person: str | None,
        document: str,
        output: str,
        actor: str,
        **options: object,
    ) -> None:
        """Write it. Exits with 1 where nobody is known by what was given."""
        now = clock.now()
        found = self._found(email=email, phone=phone, user=user, person=person)
        if found is None or found.erased_at is not None:
            raise CommandError(_unknown(email))
        path = Path(output)
        with translation.override(found.language or None):
            extension = self._write(found, Document(document), path, now=now)
        record(
            "export.collected",
            person=found.uuid,
            how="staff",
            actor=actor,
            payload={"document": document},
            now=now,
        )
        if path.suffix != f".{extension}":
            self.stderr.write(_("What was written is a %(kind)s file.") % {"kind": extension.upper()})
        self.stdout.write(_("Written: %(path)s") % {"path": path})
        names = ", ".join(str(one.recipient.name) for one in access.holders())
        if names and document == Document.ACCESS:
            self.stderr.write(
                _("What processors hold of her is not in it; ask them: %(names)s.") % {"names": names}
            )

    def _found(
        self, *, email: str | None, phone: str | None, user: str | None, person: str | None
    ) -> Person | None:
        if user is not None:
            return people.users_person(user)
        if person is not None:
            try:
                return people.by_uuid(UUID(person))
            except ValueError:
                return None
        known = people.known(EMAIL, email) if email is not None else people.known(PHONE, phone or "")
        return None if known is None else people.standing_for(known)

    def _write(self, person: Person, document: Document, path: Path, *, now: datetime) -> str:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise CommandError(_("There is a file of that name already; it is left as it is.")) from None
        try:
            with os.fdopen(descriptor, "w+b") as out:
                return archive.build(people.subject(person), document, out, now=now)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _unknown(email: str | None) -> str:
    own = [str(one.pk) for one in finding.accounts(EMAIL, email)] if email is not None else []
    if not own:
        return _("Nobody is known by that. An address counts once it is proven.")
    return _(
        "Nobody has proven that address. It stands in the account %(keys)s: once you have made sure that it is she who asks, "
        "name the account by --user."
    ) % {"keys": ", ".join(own)}
