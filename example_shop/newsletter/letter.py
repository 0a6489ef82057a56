"""Sending the newsletter: to whom it may go is the library's to say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django_rgpd.marketing.send import Sending, send
from django_rgpd.registry.models import Person


def send_letter(readers: Iterable[Person], *, now: datetime) -> Sending:
    """Write the newsletter to those of ``readers`` who want it; says how many, and why the others are left out."""
    return send("newsletter", "shop/letter", readers, now=now)
