"""What processors have to hear of: a decision, a restriction, another address."""

from __future__ import annotations

from uuid import UUID

from django.db.models.signals import post_save
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.marketing import sync
from django_rgpd.registry.models import Address, HoldKind, Kind, Person


@receiver(signals.consent_changed, dispatch_uid="django_rgpd.marketing.consent")
def consent_changed(*, person: UUID, purpose: str, channel: str, **_: object) -> None:
    """She agreed, withdrew, objected, or an agreement ended."""
    sync.put(person, purpose=purpose, channel=channel, now=clock.now())


@receiver(signals.hold_placed, dispatch_uid="django_rgpd.marketing.held")
@receiver(signals.hold_lifted, dispatch_uid="django_rgpd.marketing.lifted")
def restricted(*, person: UUID | None = None, kind: str = "", **_: object) -> None:
    """While her data may only be stored nobody writes to her (art. 18); afterwards what stood stands again."""
    if person is not None and kind == HoldKind.RESTRICTION:
        sync.put(person, now=clock.now())


@receiver(signals.person_merged, dispatch_uid="django_rgpd.marketing.merged")
def merged(*, person: UUID, **_: object) -> None:
    """A guest's choices and addresses are hers now."""
    sync.put(person, moved=True, now=clock.now())


@receiver(post_save, sender=Address, dispatch_uid="django_rgpd.marketing.address")
def address_changed(*, instance: Address, raw: bool = False, **_: object) -> None:
    """Another address was proven, or has a new owner: they know by it who decided something, or no longer may (art. 16)."""
    if raw or instance.kind != Kind.EMAIL or instance.proven_at is None or not sync.heard():
        return
    had = Address.objects.filter(site=instance.site, kind=instance.kind, digest=instance.digest)
    known = set(Person.objects.filter(pk__in=had.values("person")).values_list("uuid", flat=True))
    if ConsentState.objects.filter(person__in=known).exists():
        for uuid in sorted(known):
            sync.put(uuid, moved=True, now=clock.now())
