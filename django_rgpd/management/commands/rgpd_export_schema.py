"""Prints the JSON Schema of the shop's exports, generated from its declarations."""

from __future__ import annotations

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from django_rgpd.export import schema
from django_rgpd.export.models import Document


class Command(BaseCommand):
    """To publish beside the notice, or to validate an export with."""

    help = "Prints the JSON Schema (2020-12) of this shop's exports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--document", choices=Document.values, default=Document.ACCESS.value)
        which.add_argument("--envelope", action="store_true", help="only what all shops share")

    def handle(self, *, document: str, envelope: bool, **options: object) -> None:
        """Print it."""
        found = schema.envelope() if envelope else schema.own(Document(document))
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
