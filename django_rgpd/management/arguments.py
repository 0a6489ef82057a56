"""Numbers that a command takes: what means nothing is refused where it is typed."""

from __future__ import annotations

from argparse import ArgumentTypeError
from math import isfinite

from django.utils.translation import gettext as _


def count(text: str) -> int:
    """A whole number, 0 or more. Raises ``ArgumentTypeError`` for anything else."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentTypeError(_("a whole number is needed, 0 or more"))
    return number


def months(text: str) -> int:
    """A number of months that ends within the calendar, 0 to 1200."""
    number = count(text)
    if number > 1200:
        raise ArgumentTypeError(_("at most 1200 months can be looked ahead"))
    return number


def seconds(text: str) -> float:
    """Seconds, 0 or more, and finite. Raises ``ArgumentTypeError`` for anything else."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not isfinite(number) or number < 0:
        raise ArgumentTypeError(_("a number of seconds is needed, 0 or more"))
    return number


def pause(text: str) -> float:
    """Seconds between two turns: more than none, so that a loop leaves the machine to others too."""
    number = seconds(text)
    if not number:
        raise ArgumentTypeError(_("a number of seconds is needed, more than 0"))
    return number
