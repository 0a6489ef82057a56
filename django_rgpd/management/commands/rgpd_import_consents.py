"""Imports a list of consents with its evidence, or shows what it would take; takes an import back."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.consent.models import Wording
from django_rgpd.core import clock, conf
from django_rgpd.core.errors import Refused
from django_rgpd.imports import back, batches, files, judging, reasons, trial
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.outbox import deliver

ACTOR = "command"
LEFT_OUT = 3
"""The exit code where lines were left out."""

_BLOCK = 64 * 1024


class Command(BaseCommand):
    """Line numbers and reasons are printed, never an address."""

    help = "Imports a list of consents with its evidence; shows what it would take with --dry-run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "file", nargs="?", type=Path, metavar="FILE", help="the list, a CSV with a header"
        )
        parser.add_argument("--purpose", default="", help="what the people agreed to, as the policy calls it")
        parser.add_argument("--channel", default="email", help="email (default) or sms")
        parser.add_argument(
            "--wording", default="", help="the text for lines that name none: “newsletter fr 2”"
        )
        parser.add_argument("--wording-text", default="", metavar="TEXT", help="the same, in full")
        parser.add_argument(
            "--language", default=settings.LANGUAGE_CODE, help="the language of --wording-text"
        )
        parser.add_argument("--dry-run", action="store_true", help="show it, and change nothing at all")
        parser.add_argument(
            "--report", type=Path, metavar="OUT.CSV", help="write the lines left out, and why"
        )
        parser.add_argument(
            "--no-input", "--noinput", action="store_false", dest="interactive", help="import without asking"
        )
        parser.add_argument("--take-back", type=UUID, metavar="UUID", help="end every consent of that import")

    def handle(self, **options: Any) -> None:
        """Do one of the three. Exits with 1 where nothing could be done, with 3 where lines were left out."""
        try:
            if options["take_back"] is not None:
                self._take_back(options["take_back"])
            elif options["file"] is None or not options["purpose"]:
                raise CommandError(_("A file and --purpose are needed."))
            else:
                self._import(**options)
        except Refused as refusal:
            raise CommandError(str(refusal.reason)) from None
        except OSError as error:  # its text holds the path alone
            raise CommandError(str(error)) from None

    def _import(self, file: Path, purpose: str, channel: str, report: Path | None, **options: Any) -> None:
        wording = self._wording(purpose, **options)
        trial.checked(purpose, channel)
        if options["dry_run"]:
            self._try(file, purpose, channel, wording, report)
            return
        if options["interactive"] and not sys.stdin.isatty():
            raise CommandError(_("There is nobody to ask: read what --dry-run shows, then add --no-input."))
        batch = self._judged(file, purpose, channel, wording)
        left_out = self._show(batch.told, batch.report, report)
        accepted = batch.told["accepted"]
        if accepted and options["interactive"] and not self._agreed(accepted):
            batches.cancel(batch.uuid, now=clock.now())
            raise CommandError(_("Nothing was imported."))
        self._take(batch, accepted)
        self._say_left_out(left_out)

    def _try(self, file: Path, purpose: str, channel: str, wording: str, report: Path | None) -> None:
        with file.open("rb") as read, _Bar(None) as tell:
            found = trial.judge(read, purpose, channel, wording=wording, now=clock.now(), tell=tell)
        try:
            left_out = self._show(found.told, found.report, report)
        finally:
            files.drop(found.accepted, found.report)
        self.stdout.write(_("Nothing was changed."))
        self._say_left_out(left_out)

    def _judged(self, file: Path, purpose: str, channel: str, wording: str) -> ConsentImport:
        batch = batches.receive(
            _chunks(file), purpose=purpose, channel=channel, wording=wording, actor=ACTOR, now=clock.now()
        )
        self._work(batches.JUDGE, None)
        batch.refresh_from_db()
        if batch.stage != Stage.JUDGED:
            raise CommandError(
                batch.note or _("The file is being read by another process; rgpd_status says more.")
            )
        return batch

    def _take(self, batch: ConsentImport, accepted: int) -> None:
        batches.confirm(batch.uuid, actor=ACTOR, now=clock.now())
        self._work(batches.TAKE, accepted)
        batch.refresh_from_db()
        for reason, number in batch.changed.items():
            self.stdout.write(f"  {number:>7}  {reasons.words(reason, '…')}")
        if batch.stage != Stage.DONE:
            raise CommandError(_("The import is not done yet; rgpd_run goes on with it."))
        text = ngettext("%(number)d consent was imported.", "%(number)d consents were imported.", batch.taken)
        self.stdout.write(text % {"number": batch.taken})
        self.stdout.write(
            _("This import can be taken back with: --take-back %(uuid)s") % {"uuid": batch.uuid}
        )

    def _work(self, name: str, total: int | None) -> None:
        with _Bar(total) as tell:
            token = trial.hearing.set(tell)
            try:
                deliver.run_due(now=clock.now(), names=frozenset({name}))
            finally:
                trial.hearing.reset(token)

    def _show(self, told: dict[str, Any], name: str, report: Path | None) -> int:
        """Say what the trial found; returns how many lines are left out that are not known already."""
        refused: dict[str, int] = told["refused"]
        if told["encoding"] == "cp1252":
            self.stdout.write(_("The file was read as Windows-1252: look whether accents in it are right."))
        if told["ignored"]:
            names = ", ".join(told["ignored"])
            self.stdout.write(_("Columns that are not read, and not kept:") + f" {names}")
        self.stdout.write(_("Lines: %(number)d") % {"number": told["lines"]})
        self.stdout.write(_("Consents that can be taken: %(number)d") % {"number": told["accepted"]})
        for reason, number in sorted(refused.items(), key=lambda one: -one[1]):
            self.stdout.write(f"  {number:>7}  {reasons.words(reason, '…')}")
        if report is not None:
            with report.open("w", encoding="utf-8", newline="") as written:
                written.writelines(files.report(files.refused(name)))
        return sum(refused.values()) - refused.get(reasons.KNOWN, 0)

    def _say_left_out(self, number: int) -> None:
        if number:
            text = ngettext("%(number)d line is left out.", "%(number)d lines are left out.", number)
            raise CommandError(text % {"number": number}, returncode=LEFT_OUT)

    def _agreed(self, number: int) -> bool:
        question = ngettext("Import %(number)d consent?", "Import %(number)d consents?", number)
        return input(f"{question % {'number': number}} [y/N] ").strip().lower() in {"y", "yes", "o", "oui"}

    def _wording(
        self, purpose: str, *, wording: str, wording_text: str, language: str, **options: Any
    ) -> str:
        """For lines that name none, as ``ConsentImport.wording`` has it."""
        if text := wording_text.strip():
            if language not in dict(settings.LANGUAGES):
                raise CommandError(_("This site has no language %(language)r.") % {"language": language})
            if wording or len(text) > judging.LONGEST_TEXT:
                raise CommandError(
                    _("Name a wording, or give its text of at most 5000 characters: not both.")
                )
            return f"{language} {text}"
        if not wording:
            return ""
        known = judging.library(Wording.objects.filter(site=conf.get().SITE, purpose=purpose))
        found = known.get(judging.spelled(wording))
        if found is None:
            raise CommandError(_("The library has no wording %(name)r of this purpose.") % {"name": wording})
        return str(found.uuid)

    def _take_back(self, uuid: UUID) -> None:
        number = back.take_back(uuid, actor=ACTOR, now=clock.now())
        text = ngettext("%(number)d consent ended.", "%(number)d consents ended.", number)
        self.stdout.write(text % {"number": number})


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as read:
        while block := read.read(_BLOCK):
            yield block


class _Bar:
    """A bar of lines where ``tqdm`` is installed and somebody sits before the terminal."""

    def __init__(self, total: int | None) -> None:
        self._bar: Any = None
        if find_spec("tqdm"):
            self._bar = import_module("tqdm").tqdm(total=total, unit=" lines", disable=None)

    def __enter__(self) -> trial.Tell:
        return self._tell

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _tell(self, number: int) -> None:
        if self._bar is not None:
            self._bar.update(number - self._bar.n)
