"""Says what falls due soon."""

from __future__ import annotations

from argparse import ArgumentParser

from dateutil.relativedelta import relativedelta
from django.core.management.base import BaseCommand
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.management.arguments import months
from django_rgpd.management.database import needed
from django_rgpd.marketing import ends
from django_rgpd.policy import current
from django_rgpd.retention.report import upcoming


class Command(BaseCommand):
    """A table by model and purpose."""

    help = "Says what personal data falls due in the coming months, by model and purpose."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--months", type=months, default=1, metavar="N", help="how far to look (default: 1)"
        )

    @needed()
    def handle(self, *, months: int, **options: object) -> None:
        """Print it."""
        now = clock.now()
        until = now + relativedelta(months=months)
        lines = list(upcoming(now=now, until=until))
        marketing = list(ends.upcoming(now=now, until=until))
        if not lines and not marketing:
            self.stdout.write(_("Nothing falls due."))
            return
        day = date_format(clock.legal_day(until))
        self.stdout.write(
            _("Until %(day)s, beside what is due already (rgpd_sweep --dry-run):") % {"day": day}
        )
        for line in lines:
            label = str(current().purpose(line.purpose).label)
            text = _("%(model)s, %(purpose)s: %(due)d due") % {
                "model": line.model,
                "purpose": label,
                "due": line.due,
            }
            if line.not_started:
                text += _("; %(number)d whose term has not started") % {"number": line.not_started}
            self.stdout.write(text)
        for one in marketing:
            text = _(
                "%(purpose)s: %(asked)d to be asked whether to go on, %(ending)d ending if nothing is heard"
            )
            told = {"purpose": one.purpose.label, "asked": one.asked, "ending": one.ending}
            self.stdout.write(text % told)
