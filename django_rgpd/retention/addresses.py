"""Addresses of guests that nothing of the shop's refers to any more: they are forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from django_rgpd.consent import copies
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.export.models import ExportRequest, ExportState
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, telling
from django_rgpd.registry import Entry, reached, registry
from django_rgpd.registry.expressions import address_text
from django_rgpd.registry.matching import no_account
from django_rgpd.registry.models import Address, Challenge, Hold, Person

QUIET = relativedelta(days=7)
"""How long an address that was just noted is left alone: its owner may be about to confirm, or to order."""

KEPT_FOR = (Standing.LIVE, Standing.OBJECTED)
"""A consent needs the address to write to; an objection needs it to know whom not to write to."""

ENDS_BY_ITSELF = (Standing.EXPIRED, Standing.INFORMED)
"""What stands where a purpose ended with its time, or with what it rested on; who said no stands there as somebody who left."""


def forget_addresses(*, now: datetime) -> int:
    """Delete the addresses of people without an account that no row, consent or request needs; returns how many.

    The people stay as uuids, so that their ledgers can be read (GDPR art. 5.1 e). A processor that wrote to one of them for a
    purpose that ended by itself is told to delete her, in the same transaction (art. 19).
    """
    with transaction.atomic():
        locked = needless(now=now).select_for_update(of=("self",)).select_related("person")
        unneeded = list(locked[:5_000])
        jobs.put_many(_told_of(unneeded, now=now), now=now)
        keys = [one.pk for one in unneeded]
        Challenge.objects.filter(address__in=keys).delete()
        Address.objects.filter(pk__in=keys).delete()
        reached.tell(one.person_id for one in unneeded)
    return len(unneeded)


def _told_of(unneeded: Sequence[Address], *, now: datetime) -> Iterator[jobs.Draft]:
    """What has processors delete those of whom they were told: one query a processor."""
    having: dict[UUID, list[Address]] = defaultdict(list)
    for one in unneeded:
        if one.until is None:
            having[one.person.uuid].append(one)
    chosen = {uuid: copies.written_to(hers, EMAIL) for uuid, hers in having.items()}
    written_to = {uuid: one for uuid, one in chosen.items() if one is not None}
    for road in telling.writing():
        keys = [one.key for one in road.marketing(EMAIL)]
        ended = ConsentState.objects.filter(
            person__in=list(written_to), purpose__in=keys, channel=EMAIL, standing__in=ENDS_BY_ITSELF
        )
        for uuid in ended.values_list("person", flat=True).distinct():
            yield from telling.drafts(
                [road.key],
                [str(written_to[uuid].canonical)],
                erasure=None,
                people=[uuid],
                references={},
                asked_at=now,
            )


def needless(*, now: datetime) -> QuerySet[Address]:
    """Addresses that nothing needs: one statement, with a question a declared address column."""
    guests = Person.objects.filter(
        user_key__isnull=True, erased_at__isnull=True, merged_into__isnull=True, created_at__lt=now - QUIET
    )
    found = Address.objects.filter(person__in=guests, since__lt=now - QUIET).order_by("pk")
    for entry in registry:
        for kind, condition in _used(entry):
            found = found.exclude(Q(kind=kind) & condition)
    hers = OuterRef("person__uuid")
    return found.exclude(
        Exists(ConsentState.objects.filter(person=hers, standing__in=KEPT_FOR))
        | Exists(Challenge.objects.filter(person=hers, expires_at__gt=now, used_at__isnull=True))
        | Exists(
            ExportRequest.objects.filter(person=hers, state__in=[ExportState.WAITING, ExportState.READY])
        )
        | Exists(Hold.objects.filter(person=hers, lifted_at__isnull=True))
        | Exists(Erasure.objects.filter(person=hers, state__in=[ErasureState.ASKED, ErasureState.OPEN]))
        # A processor has yet to hear what she decided, and knows her by her address alone.
        | Exists(Job.objects.filter(person=hers, name=calling.SYNC, state__in=calling.UNTOLD))
    )


def _used(entry: Entry) -> list[tuple[str, Exists]]:
    """Kind of address → whether a row of ``entry`` has this one and no account."""
    return [
        (
            kind,
            Exists(
                entry.model._base_manager.annotate(rgpd_address=address_text(kind, path))
                .filter(no_account(entry, role))
                .filter(rgpd_address=OuterRef("canonical"))
            ),
        )
        for role, who in entry.people.items()
        for kind, path in who.addresses.items()
        if entry.model is not Address and entry.model is not ConsentState
    ]
