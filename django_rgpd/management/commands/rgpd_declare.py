"""``rgpd_declare``: a first draft of an app's declarations, for whoever adopts the library in a living shop."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from django_rgpd.registry.drafts import draft


class Command(BaseCommand):
    """Prints a draft of ``rgpd.py`` for each app; nothing is written to disk."""

    help = (
        "Print a first draft of an app's rgpd.py: paste it there, read each '# guess:', take its mark away."
    )
    requires_system_checks: list[str] = []  # a draft is asked for because the checks complain

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("apps", nargs="+", metavar="APP", help="label of an installed app")

    def handle(self, *args: object, **options: object) -> None:
        """Print one draft after the other."""
        labels = options["apps"]
        assert isinstance(labels, list)
        for label in labels:
            try:
                text = draft(str(label))
            except LookupError as error:
                raise CommandError(str(error)) from None
            if len(labels) > 1:
                self.stdout.write(f"# {label}/rgpd.py")
            self.stdout.write(text)
