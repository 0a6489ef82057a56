"""Clicks and openings of mailings: a click is a contact of hers, an opening is none and is kept on her consent alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import conf
from django_rgpd.marketing import addressee
from django_rgpd.marketing.models import Engagement, EngagementKind
from django_rgpd.policy import EMAIL
from django_rgpd.registry import contacted
from django_rgpd.registry.models import Person

SKEW = timedelta(minutes=10)
"""By how much another machine's clock may be wrong."""


@sensitive_variables()
def clicked(email: str, *, at: datetime, now: datetime, mailing: UUID | None = None) -> bool:
    """The holder of ``email`` followed a link of a mail at ``at``: she was in touch (CNIL, deliberation 2021-131).

    Kept with the ``mailing``, unless she objected to all marketing by email; the link is not. A click of before the address was
    hers is somebody else's. Returns whether it is hers. Raises ``BadAddress``.
    """
    at = min(at, now)
    with transaction.atomic():
        found = addressee.locked(email)
        if found is None or at < found.since - SKEW:
            return False
        contacted(found.person, at=at)
        if not _objects(found.person):
            _keep(found.person, EngagementKind.CLICKED, mailing, at)
        return True


@sensitive_variables()
def opened(email: str, *, at: datetime, now: datetime, mailing: UUID | None = None) -> bool:
    """A mail to ``email`` was shown at ``at``, to her or to a machine: no contact, and kept only where she had agreed to it.

    ``RGPD["OPEN_TRACKING"]`` names the purpose that she agrees to; without it no opening is ever kept. Returns whether it was
    kept. Raises ``BadAddress``.
    """
    purpose = conf.get().OPEN_TRACKING
    if not purpose:
        return False
    at = min(at, now)
    with transaction.atomic():
        found = addressee.locked(email)
        if found is None or at < found.since - SKEW or not _agreed(found.person, purpose, at, now):
            return False
        _keep(found.person, EngagementKind.OPENED, mailing, at)
        return True


def forget_clicks(person: UUID) -> int:
    """Delete the clicks of ``person``, and of the people merged into her; returns how many."""
    family = Person.objects.filter(Q(uuid=person) | Q(merged_into=person)).values("uuid")
    return Engagement.objects.filter(kind=EngagementKind.CLICKED, person__in=family).delete()[0]


def _keep(person: Person, kind: EngagementKind, mailing: UUID | None, at: datetime) -> None:
    new = Engagement(site=person.site, person=person.uuid, mailing=mailing, kind=kind, at=at)
    Engagement.objects.bulk_create([new], ignore_conflicts=True)


def _objects(person: Person) -> bool:
    wide = Q(purpose="", channel__in=["", EMAIL], standing=Standing.OBJECTED)
    return ConsentState.objects.filter(wide, site=person.site, person=person.uuid).exists()


def _agreed(person: Person, purpose: str, at: datetime, now: datetime) -> bool:
    unended = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    live = ConsentState.objects.filter(unended, site=person.site, person=person.uuid, live=True)
    return live.filter(purpose=purpose, since__lte=at).exists()
