"""Compares what a processor holds with what stands in the shop: applies what was ended there, and says what else differs."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.core import clock, conf
from django_rgpd.core.errors import RgpdError
from django_rgpd.marketing import comparing, pulling
from django_rgpd.marketing.comparing import Difference, Found
from django_rgpd.outbox import door
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Declined, Later, NeedsSomeone
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import Call

WORDS = {
    Difference.LEFT: gettext_lazy("left there: has left here"),
    Difference.UNREACHABLE: gettext_lazy("bounces there: nothing goes to that address from here"),
    Difference.AGREED_SINCE: gettext_lazy("left there before agreeing here: they are told once more"),
    Difference.NOT_HERE: gettext_lazy("written to there, and may not be: they are told to stop"),
    Difference.NOBODY: gettext_lazy("written to there, unknown here: look where the address comes from"),
    Difference.ERASED: gettext_lazy(
        "written to there, erased here: unless she came back by a form of theirs, delete her there"
    ),
    Difference.MISSING: gettext_lazy("may be written to, not held there: they are told"),
    Difference.REFUSED: gettext_lazy("they did not take the opt-out: look there"),
}


class Command(BaseCommand):
    """Numbers and uuids are written, never an address."""

    help = "Compares a processor with the shop; applies what people ended there. --dry-run only shows it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("processor", help="its key in RGPD['PROCESSORS'], such as mailchimp")
        parser.add_argument("--dry-run", action="store_true", help="show it, and change nothing at all")
        parser.add_argument(
            "--full", action="store_true", help="compare everybody, not only what changed since the last time"
        )
        parser.add_argument("--report", type=Path, metavar="OUT.CSV", help="write each difference to a file")

    def handle(
        self, *, processor: str, dry_run: bool, full: bool, report: Path | None, **options: Any
    ) -> None:
        """Compare. Raises ``CommandError`` where that cannot be, in words."""
        road = self._road(processor)
        page = self._page(road, full=full)
        try:
            with report.open("w", encoding="utf-8", newline="") if report else nullcontext() as file:
                counts = self._compare(road, page, file, apply=not dry_run)
        except OSError as error:  # its text holds the path alone
            raise CommandError(str(error)) from None
        except (NeedsSomeone, Declined, Later) as no:
            raise CommandError(str(no.note)) from None
        except RgpdError as error:
            words = _(
                "They did not answer as agreed (%(what)s); what was compared so far counts. Try again later."
            )
            raise CommandError(words % {"what": type(error).__name__}) from None
        for difference in Difference:
            if counts[difference]:
                self.stdout.write(f"  {counts[difference]:>7}  {WORDS[difference]}")
        if not counts:
            self.stdout.write(_("Both sides agree."))
        if dry_run:
            self.stdout.write(_("Nothing was changed."))

    def _road(self, key: str) -> roads.Road:
        if not conf.in_production():
            raise CommandError(_("This is no production: processors are not called. See RGPD['PRODUCTION']."))
        if shut := door.shut():
            raise CommandError(shut)
        found = {one.key: one for one in comparing.comparable()}
        if key not in found:
            told = {"name": key, "names": ", ".join(found) or _("none")}
            raise CommandError(_("%(name)s cannot be compared; these can: %(names)s.") % told)
        return found[key]

    def _page(self, road: roads.Road, *, full: bool) -> dict[str, object]:
        if full:
            return {"standings": [str(one) for one in comparing.ALL]}
        return pulling.first_page(pulling.since(road.key))

    def _compare(
        self, road: roads.Road, page: dict[str, object], file: TextIO | None, *, apply: bool
    ) -> Counter[Difference]:
        counts: Counter[Difference] = Counter()
        written = csv.writer(file) if file is not None else None
        if written is not None:
            written.writerow(["number", "purpose", "difference", "person"])
        for number, (purpose, one) in enumerate(self._each(road, page, apply=apply), 1):
            counts[one.difference] += 1
            if written is not None:
                written.writerow([number, purpose, one.difference.value, one.person or ""])
        return counts

    def _each(self, road: roads.Road, page: dict[str, object], *, apply: bool) -> Iterator[tuple[str, Found]]:
        call = Call(job=Job(name=calling.COMPARE), now=clock.now())
        bar = import_module("tqdm").tqdm(unit=" members", disable=None) if find_spec("tqdm") else None
        try:
            for purpose in comparing.purposes(road):
                for step in comparing.compare(road, purpose, page=page, apply=apply, call=call):
                    yield from ((purpose, one) for one in step.found)
                    if bar is not None:
                        bar.update(step.told)
        finally:
            if bar is not None:
                bar.close()
