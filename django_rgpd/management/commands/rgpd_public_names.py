"""Corrects the published names of a shop that published more of them before."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from django_rgpd.reviews import publication


class Command(BaseCommand):
    """Says what it would do, unless told to do it."""

    help = "Counts published names that say more than first name and initial; corrects them with --apply."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--apply", action="store_true", help="correct them")

    def handle(self, *, apply: bool, **options: object) -> None:
        """One line a published model."""
        for one in publication.publications():
            number = publication.name_anew(one, apply=apply)
            text = (
                _("%(model)s: %(number)d corrected") if apply else _("%(model)s: %(number)d to be corrected")
            )
            self.stdout.write(text % {"model": one.model._meta.label, "number": number})
