"""What marketing hears: mail providers, where anymail is installed; decisions, restored dumps, addresses and people who turn out
to be one, some of which processors have to hear of; and what the rule asks it.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from uuid import UUID

from django.db.models import Q
from django.db.models.signals import post_save
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.consent import kinds, news
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock, conf
from django_rgpd.ledger.replay import Report
from django_rgpd.marketing import engagement, restoring, sync, tracking
from django_rgpd.marketing.models import CampaignRecipient
from django_rgpd.policy import EMAIL
from django_rgpd.policy.own import OPENINGS
from django_rgpd.registry import agreed
from django_rgpd.registry.conditions import NEVER
from django_rgpd.registry.models import Address, HoldKind, Kind, Person
from django_rgpd.registry.site import Entry


@agreed.register
def openings_agreed_to(entry: Entry, role: str, purpose: str, *, now: datetime) -> Q:
    """Openings rest on the consent to the shop's own purpose, which ``RGPD["OPEN_TRACKING"]`` names."""
    named = conf.get().OPEN_TRACKING
    if purpose != OPENINGS or named in {"", OPENINGS}:
        return NEVER
    return agreed.live(entry, role, named, now=now)


@receiver(signals.consent_changed, dispatch_uid="django_rgpd.marketing.objected")
def objected(*, person: UUID, purpose: str, channel: str, kind: str, **_more: object) -> None:
    """She objects to all marketing by email: her clicks served nothing else, and go at once (art. 21.3)."""
    if kind == kinds.OBJECTED and not purpose and channel in {"", EMAIL}:
        engagement.forget_clicks(person)


@receiver(signals.restored, dispatch_uid="django_rgpd.marketing.restored")
def restored(*, report: Report, **_more: object) -> None:
    """A dump came back: what was under way waits for staff."""
    report.done += restoring.hold_back()


@receiver(signals.person_merged, dispatch_uid="django_rgpd.marketing.merged")
def come_along(person: UUID, merged: UUID, **_more: object) -> None:
    """What a guest got or was to get is the account's from now on; where both are on a list, the account's row stays."""
    hers = CampaignRecipient.objects.filter(person=person).values("campaign")
    guests = CampaignRecipient.objects.filter(person=merged)
    guests.exclude(campaign__in=list(hers.values_list("campaign", flat=True))).update(person=person)


@receiver(news.changed, dispatch_uid="django_rgpd.marketing.consent")
def consent_changed(*, people: tuple[UUID, ...], purpose: str, channel: str, **_more: object) -> None:
    """They agreed, withdrew, objected, or what stood came to its end."""
    sync.put(*people, purpose=purpose, channel=channel, now=clock.now())


@receiver(signals.hold_placed, dispatch_uid="django_rgpd.marketing.held")
@receiver(signals.hold_lifted, dispatch_uid="django_rgpd.marketing.lifted")
def restricted(*, person: UUID | None = None, kind: str = "", **_more: object) -> None:
    """While her data may only be stored nobody writes to her (art. 18); afterwards what stood stands again."""
    if person is not None and kind == HoldKind.RESTRICTION:
        sync.put(person, now=clock.now())


@receiver(signals.person_merged, dispatch_uid="django_rgpd.marketing.sync_merged")
def merged(*, person: UUID, **_more: object) -> None:
    """A guest's choices and addresses are hers now."""
    sync.put(person, moved=True, now=clock.now())


@receiver(post_save, sender=Address, dispatch_uid="django_rgpd.marketing.address")
def address_changed(*, instance: Address, raw: bool = False, **_more: object) -> None:
    """Another address was proven, or has a new owner: they know by it who decided something, or no longer may (art. 16)."""
    if raw or instance.kind != Kind.EMAIL or instance.proven_at is None or not sync.heard():
        return
    had = Address.objects.filter(site=instance.site, kind=instance.kind, digest=instance.digest)
    known = set(Person.objects.filter(pk__in=had.values("person")).values_list("uuid", flat=True))
    if ConsentState.objects.filter(person__in=known).exists():
        sync.put(*sorted(known), moved=True, now=clock.now())


if find_spec("anymail"):
    import_module("anymail.signals").tracking.connect(
        tracking.hear, dispatch_uid="django_rgpd.marketing.tracking"
    )
