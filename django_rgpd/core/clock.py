"""The one place where the time is read, and the legal day that an instant falls on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from django_rgpd.core import conf


def now() -> datetime:
    """The instant, aware. Only views, commands and tasks call this; everything else is told."""
    return timezone.now()


def running(now: datetime) -> Callable[[], datetime]:
    """A clock that shows ``now`` and goes on from there: the time in a job that is long at work."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def legal_zone() -> ZoneInfo:
    """The zone in which terms and delays are counted: ``RGPD["TIME_ZONE"]``, else the site's."""
    return ZoneInfo(conf.get().TIME_ZONE)


def legal_day(instant: datetime) -> date:
    """The calendar day of ``instant`` in the legal zone: periods are counted in days (Regulation 1182/71)."""
    return instant.astimezone(legal_zone()).date()
