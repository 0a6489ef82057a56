"""Whose data staff mean: an account, a person, or whoever an address leads to, the account that says it of itself included."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from django_rgpd.core import addresses
from django_rgpd.core.errors import BadAddress, Refused
from django_rgpd.registry import people
from django_rgpd.registry.models import Kind, Person
from django_rgpd.registry.scope import spellings


def by_number(text: str, *, now: datetime) -> Person:
    """Whose account has the key ``text``, or else whose uuid it is; an account is noted as a person where it was none.

    Raises ``Refused`` where there is nobody.
    """
    found = people.users_person(text) or _by_uuid(text)
    account = None if found is not None else _account(text)
    if account is not None:
        found = people.person_of(account, now=now)
    if found is None:
        raise Refused(_("Nobody is known by this."))
    return found


def by_address(kind: str, text: str, *, now: datetime) -> Person:
    """Whose the address is: of the person who has it, or of the account that says it of itself, proven or not.

    Raises ``Refused`` where there is nobody, and where these are not one: each has rows that a hold on the other leaves out.
    """
    found = people.known(kind, text)
    found = None if found is None else people.standing_for(found)
    own = found.user_key if found is not None else None
    others = [one for one in accounts(kind, text) if str(one.pk) != own]
    if others and found is not None and _leads_nowhere(found):
        found = None
    if found is None and len(others) == 1:
        return people.person_of(others[0], now=now)
    if others:
        raise Refused(_several(found, [str(one.pk) for one in others]))
    if found is None:
        raise Refused(_("Nobody is known by this."))
    return found


def _several(found: Person | None, keys: list[str]) -> str:
    told = ", ".join(keys if found is None or found.user_key is None else [found.user_key, *keys])
    if found is None or found.user_key is not None:
        return _(
            "Several accounts have this address: give the key of the one that you mean, of %(keys)s."
        ) % {"keys": told}
    return _(
        "The account %(keys)s has this address, and somebody without an account proved it: instead of the address give"
        " the account's key, or that person's uuid, %(uuid)s. A hold on one leaves out the other."
    ) % {"keys": told, "uuid": found.uuid}


def _leads_nowhere(person: Person) -> bool:
    """Whether she only noted an address: nothing in the shop is known to be hers."""
    subject = people.subject(person)
    return subject.user_key is None and not subject.addresses


def accounts(kind: str, text: str) -> list[Any]:
    """The accounts that say of themselves that the address is theirs."""
    model = get_user_model()
    name = model.get_email_field_name()
    try:
        model._meta.get_field(name)
        canonical = addresses.canonical(kind, text)
    except (FieldDoesNotExist, BadAddress):
        return []
    if kind != Kind.EMAIL:
        return []
    lowered = model._base_manager.alias(_rgpd_email=Lower(name))
    return list(lowered.filter(_rgpd_email__in=spellings(canonical)).order_by("pk"))


def _account(text: str) -> Any:
    try:
        return get_user_model()._base_manager.filter(pk=text).first()
    except (ValueError, TypeError, ValidationError, OverflowError):
        return None


def _by_uuid(text: str) -> Person | None:
    try:
        return people.by_uuid(UUID(text))
    except ValueError:
        return None
