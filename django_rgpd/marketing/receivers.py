"""What marketing hears: what mail providers tell, where anymail is installed, and objections; and what the rule asks it."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.consent import kinds
from django_rgpd.core import conf
from django_rgpd.marketing import engagement, tracking
from django_rgpd.policy import EMAIL
from django_rgpd.policy.own import OPENINGS
from django_rgpd.registry import agreed
from django_rgpd.registry.conditions import NEVER
from django_rgpd.registry.site import Entry


@agreed.register
def openings_agreed_to(entry: Entry, role: str, purpose: str, *, now: datetime) -> Q:
    """Openings rest on the consent to the shop's own purpose, which ``RGPD["OPEN_TRACKING"]`` names."""
    named = conf.get().OPEN_TRACKING
    if purpose != OPENINGS or named in {"", OPENINGS}:
        return NEVER
    return agreed.live(entry, role, named, now=now)


@receiver(signals.consent_changed, dispatch_uid="django_rgpd.marketing.objected")
def objected(*, person: UUID, purpose: str, channel: str, kind: str, **_: object) -> None:
    """She objects to all marketing by email: her clicks served nothing else, and go at once (art. 21.3)."""
    if kind == kinds.OBJECTED and not purpose and channel in {"", EMAIL}:
        engagement.forget_clicks(person)


if find_spec("anymail"):
    import_module("anymail.signals").tracking.connect(
        tracking.hear, dispatch_uid="django_rgpd.marketing.tracking"
    )
