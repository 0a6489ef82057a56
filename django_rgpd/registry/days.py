"""Columns of days and instants compared with a legal day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import DateField, DateTimeField, Q
from django.utils import timezone

from django_rgpd.core import clock
from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry.paths import follow

if TYPE_CHECKING:
    from django.db.models import Model


def beginning(day: date) -> datetime:
    """The first instant of ``day`` in the legal zone, as the database compares it."""
    instant = datetime.combine(day, time.min, tzinfo=clock.legal_zone())
    return instant if settings.USE_TZ else timezone.make_naive(instant, timezone.get_default_timezone())


def until_day(model: type[Model], path: str, day: date) -> Q:
    """Rows whose ``path`` says ``day`` or earlier; NULL says nothing. Joins are left as they are.

    Raises ``Misconfigured`` where the path leads to no date.
    """
    if _instants(model, path):
        return Q(**{f"{path}__lt": beginning(day + timedelta(days=1))})
    return Q(**{f"{path}__lte": day})


def after_day(model: type[Model], path: str, day: date) -> Q:
    """Rows whose ``path`` says a later day than ``day``; NULL says nothing."""
    if _instants(model, path):
        return Q(**{f"{path}__gte": beginning(day + timedelta(days=1))})
    return Q(**{f"{path}__gt": day})


def _instants(model: type[Model], path: str) -> bool:
    field = follow(model, path).field
    if not isinstance(field, DateField):
        msg = f"{model._meta.label}: {path!r} is a {type(field).__name__}, and a clock is a date or a date with time."
        raise Misconfigured(msg)
    return isinstance(field, DateTimeField)
