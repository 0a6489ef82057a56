"""Holds on a restored dump: they stand again before anything is erased or swept once more."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from django_rgpd.holds.rebuild import rebuild
from django_rgpd.ledger import replay
from django_rgpd.ledger.tail import Tail


@replay.applies
def stand_again(came: Tail, report: replay.Report, *, now: datetime, progress: replay.Progress) -> None:
    """Place again what the ledger says was placed and not lifted, and end what it says was lifted or is to end."""
    place_again(report, now=now)


def place_again(report: replay.Report, *, now: datetime) -> None:
    """The same at any time: it is read from the whole ledger."""
    number = rebuild(now=now)
    if number:
        report.done.append(
            _("Holds placed or lifted again, or their announced end: %(number)d.") % {"number": number}
        )
