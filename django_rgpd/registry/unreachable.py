"""Addresses that nothing arrives at any more: they are not written to until their holder proves them anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from django_rgpd.core import conf
from django_rgpd.registry import reached
from django_rgpd.registry.addresses import holder
from django_rgpd.registry.models import Address


def stop(kind: str, canonical: str, *, at: datetime, now: datetime) -> Address | None:
    """Mails to an address bounced for good at ``at``: nothing goes there any more (art. 5.1 d: data are kept accurate).

    ``kind`` and ``canonical`` as in ``core.addresses``. Returns the entry, or None where the address is nobody's, or was proven
    or noted after ``at``: then the news is older than what is known. Twice is once. No consent ends by it.
    """
    with transaction.atomic():
        found = holder(kind, canonical, site=conf.get().SITE)
        if found is None or max(found.since, found.proven_at or found.since) > at:
            return None
        if found.unreachable_at is None:
            found.unreachable_at = min(at, now)
            Address.objects.filter(pk=found.pk).update(unreachable_at=found.unreachable_at)
            reached.tell([found.person_id])
        return found
