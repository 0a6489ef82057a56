"""What consents do when something happens elsewhere: an erasure, a merge, a new day; and what the rule asks
of them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.consent import copies, decisions, kinds, replay, state, suppress, together, wordings  # noqa: F401 - it applies what a replay brings back
from django_rgpd.consent.models import ConsentState, Standing, Wording
from django_rgpd.core import clock, conf
from django_rgpd.ledger import terms
from django_rgpd.ledger.record import Draft, many, record
from django_rgpd.outbox.daily import daily
from django_rgpd.registry import agreed, ending, reached
from django_rgpd.registry.matching import matching
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.site import Entry
from django_rgpd.registry.who import EMAIL, PHONE, Subject


def _standing(subject: Subject) -> QuerySet[ConsentState]:
    decided = Q(live=True) | Q(standing=Standing.OBJECTED)
    return ConsentState.objects.filter(decided, person__in=subject.uuids)


@ending.ends(_standing)
def end_with_the_person(subject: Subject, *, now: datetime) -> None:
    """With the erasure every consent ends, as by a withdrawal, and its copies go (art. 17.1 b); what she objected to is
    remembered by digests of her addresses (art. 21.3).
    """
    suppress.keep(subject.uuid, reason=suppress.OBJECTED, now=now)
    for found in Person.objects.filter(uuid__in=subject.uuids):
        live = ConsentState.objects.filter(site=found.site, person=found.uuid, live=True)
        drafts = [
            Draft(
                kind=kinds.WITHDRAWN,
                person=found,
                purpose=row.purpose,
                channel=row.channel,
                at=now,
                how="erasure",
            )
            for row in live
        ]
        if drafts:
            many(drafts, now=now)
            state.refresh(found, [(draft.purpose, draft.channel) for draft in drafts])


@receiver(signals.person_merged, dispatch_uid="django_rgpd.consent.merged")
def come_along(person: UUID, **_: object) -> None:
    """What a guest decided is the account's from now on: the state is read from the events of both."""
    with transaction.atomic():
        state.refresh(state.lock(person))


@receiver(post_save, sender=Address, dispatch_uid="django_rgpd.consent.address")
def follow_the_address(instance: Address, **_: object) -> None:
    """An address became somebody's, or ended: the copies that lasting rows carry follow."""
    having = Address.objects.filter(site=instance.site, kind=instance.kind, digest=instance.digest)
    known = Person.objects.filter(pk__in=having.values("person"), merged_into__isnull=True)
    lasting = ConsentState.objects.filter(standing__in=copies.LASTING, person__in=known.values("uuid"))
    with transaction.atomic():
        for uuid in sorted(set(lasting.values_list("person", flat=True))):
            state.refresh(state.lock(uuid))


@receiver(reached.changed, dispatch_uid="django_rgpd.consent.reached")
def follow_them(people: frozenset[int], **_: object) -> None:
    """Other addresses reach these people: the copies of where they are written to follow."""
    copies.follow(people)


@receiver(post_save, sender=Wording, dispatch_uid="django_rgpd.consent.wording")
def tell_the_wording(instance: Wording, created: bool, raw: bool = False, **_: object) -> None:
    """What people will agree to is in the ledger before they do, so that a restored dump can have it back."""
    if created and not raw:
        told = wordings.told(instance)
        now, at = clock.now(), instance.valid_from
        record(kinds.WORDING, person=None, now=now, at=at, purpose=instance.purpose, payload=told)


@receiver([post_save, post_delete], sender=Wording, dispatch_uid="django_rgpd.consent.shown")
def show_the_new_text(instance: Wording, **_: object) -> None:
    """Staff wrote another text: pages show it, whoever looked the one before up until the commit."""
    wordings.forget(instance)
    transaction.on_commit(lambda: wordings.forget(instance))


@agreed.register
def rows_agreed_to(entry: Entry, role: str, purpose: str, *, now: datetime) -> Q:
    """Rows whose person has a live consent for ``purpose``, on whatever channel: what the rule asks of this
    room.
    """
    unended = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    live = ConsentState.objects.filter(unended, site=conf.get().SITE, purpose=purpose, live=True)
    agreed_with = {EMAIL: "agreed_with", PHONE: "agreed_with"}
    return matching(entry, role, live, user="user_key", addresses=agreed_with, person="person")


@terms.keep
def what_proves_a_live_consent() -> Q:
    """Events whose payload is still needed: those that a live consent rests on, and the texts, which are nobody's."""
    return Q(uuid__in=ConsentState.objects.filter(live=True).values("event")) | Q(kind=kinds.WORDING)


@daily("consent.expire")
def expire(*, now: datetime) -> int:
    """End the consents whose term is over; returns how many."""
    over = ConsentState.objects.filter(site=conf.get().SITE, live=True, expires_at__lte=now)
    ended = last = 0
    while page := list(over.filter(pk__gt=last).order_by("pk")[: copies.PAGE]):
        last = page[-1].pk
        ended += together.expire(page, now=now, over=lambda _holder, row: _ended(row, now))
    return ended


def _ended(row: ConsentState, now: datetime) -> bool:
    return row.expires_at is not None and row.expires_at <= now


@daily("consent.copies")
def follow_everybody(*, now: datetime) -> None:
    """Bring every copy of where is written to in line: those that a migration left empty, and those of two transactions that
    did not see each other.
    """
    copies.follow_everybody()


@daily("ledger.terms")
def end_payloads(*, now: datetime) -> int:
    """Let the ledger's own term work; returns how many events lost their payload."""
    return terms.end_payloads(now=now)
