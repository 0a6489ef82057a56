"""What the registry hears: logins, contacts, addresses that allauth has verified, and erasures."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import translation

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.core.impersonation import impersonated
from django_rgpd.registry import ending, people
from django_rgpd.registry.models import Address, Challenge, Kind, Person
from django_rgpd.registry.who import Subject

ALLAUTH = "allauth"


@receiver(user_logged_in, dispatch_uid="django_rgpd.registry.login")
def logged_in(*, request: HttpRequest | None = None, user: Any, **_: object) -> None:
    """A login is a contact of the person herself, unless staff log in for her."""
    if request is not None and impersonated(request):
        return
    now = clock.now()
    person = people.person_of(user, now=now, language=translation.get_language() or "")
    people.contact(person.uuid, at=now)
    prove_verified(user, person, now=now)


@receiver(signals.contacted, dispatch_uid="django_rgpd.registry.contacted")
def contacted(*, person: UUID, at: datetime, **_: object) -> None:
    """Somebody else heard of a contact."""
    people.contact(person, at=at)


def prove_verified(user: Any, person: Person, *, now: datetime) -> None:
    """Take over what allauth has verified; an address that it has not, even the account's own, proves nothing."""
    if not apps.is_installed("allauth.account"):
        return
    model = apps.get_app_config("account").get_model("EmailAddress")
    for text in model._default_manager.filter(user=user, verified=True).values_list("email", flat=True):
        take_over(text, person, now=now)


def take_over(text: str, person: Person, *, now: datetime) -> None:
    """Note and prove one address that allauth has verified for ``person``."""
    try:
        entry = people.note(Kind.EMAIL, text, person=person, now=now)
    except BadAddress:
        return
    if entry.proven_at is None or entry.until is not None:
        people.prove(entry, how=ALLAUTH, now=now)


def confirmed(*, email_address: Any, **_: object) -> None:
    """allauth has just verified an address."""
    try:
        user = email_address.user
    except ObjectDoesNotExist:
        return
    now = clock.now()
    take_over(email_address.email, people.person_of(user, now=now), now=now)


def _challenges(subject: Subject) -> QuerySet[Challenge]:
    hers = Address.objects.filter(person__uuid__in=subject.uuids)
    return Challenge.objects.filter(Q(person__in=subject.uuids) | Q(address__in=hers))


@ending.ends(_challenges)
def end_with_the_person(subject: Subject, *, now: datetime) -> None:
    """With the erasure no code and no link that was sent to her opens anything any more."""
    _challenges(subject).delete()


if apps.is_installed("allauth.account"):
    import_module("allauth.account.signals").email_confirmed.connect(
        confirmed, dispatch_uid="django_rgpd.registry.allauth"
    )
