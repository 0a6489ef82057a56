"""Says whether all is well, for people and for monitoring."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.management.database import unready
from django_rgpd.marketing.reporting import stuck
from django_rgpd.retention.status import Finding, findings


class Command(BaseCommand):
    """Exit code 0 where nothing needs anybody, 1 otherwise."""

    help = "Says whether cron runs, the outbox moves, and nothing waits for staff; exits with 1 otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--json", action="store_true", help="print JSON for a monitoring system")

    def check(self, *args: Any, **options: Any) -> None:
        """Some of Django's own checks ask the database; where it does not answer, that is what is to be said."""
        with suppress(DatabaseError):
            super().check(*args, **options)

    def handle(self, *, json: bool, **options: object) -> None:
        """Look, and say it."""
        found = _found(now=clock.now())
        if json:
            self.stdout.write(_json([asdict(one) for one in found]))
        elif not found:
            self.stdout.write(_("All is well."))
        else:
            for one in found:
                self.stdout.write(one.text)
        if found:
            raise CommandError(_("Something needs attention."))


def _found(*, now: datetime) -> list[Finding]:
    try:
        return [*findings(now=now), *(Finding("campaign", text) for text in stuck(now=now))]
    except DatabaseError:
        if words := unready():
            return [Finding("database", words)]
        raise


def _json(found: list[dict[str, str]]) -> str:
    return json.dumps({"ok": not found, "findings": found}, indent=2, ensure_ascii=False)
