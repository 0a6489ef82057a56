"""How a check says what it found: what, where, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from django_rgpd.core import conf

if TYPE_CHECKING:
    from django.db.models import Model

    Where = type[Model] | str


def error(number: str, where: Where, message: str, hint: str) -> CheckMessage:
    """What cannot be followed or carried out, or was forgotten in a declared model."""
    return Error(message, hint=hint, obj=where, id=f"django_rgpd.{number}")


def caution(number: str, where: Where, message: str, hint: str) -> CheckMessage:
    """What may be wrong, and what a reason answers."""
    return Caution(message, hint=hint, obj=where, id=f"django_rgpd.{number}")


def gap(severe: str, mild: str, where: Where, message: str, hint: str) -> CheckMessage:
    """What nobody has declared: a warning, and an error for a shop that claims to be ``COMPLETE``.

    ``severe`` and ``mild`` are the two ids of the one finding.
    """
    if conf.get().COMPLETE:
        return error(severe, where, message, hint)
    return caution(mild, where, message, hint)
