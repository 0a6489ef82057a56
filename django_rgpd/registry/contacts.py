"""A contact of the person herself: what the terms of ``LAST_CONTACT`` count from (CNIL, deliberation 2021-131)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils import timezone

from django_rgpd import signals

if TYPE_CHECKING:
    from django_rgpd.registry.models import Person


def contacted(who: Any, *, at: datetime) -> None:
    """She got in touch herself at ``at``: an order placed, a message sent, a link clicked; never a mail sent to her, or opened.

    ``who``: her account, her ``Person`` or its uuid, or an email address that she gave (a guest). A login, the confirmation of a
    sign-up and the library's own pages are heard of without this call. Her last contact moves forward only. For None and for an
    empty text nothing happens: an order can be without an account and without an address.

    Raises ``ValueError`` where ``at`` is no instant with a time zone, ``BadAddress`` for a text that is no address, and
    ``Refused`` for an account that was deleted meanwhile.
    """
    if not isinstance(at, datetime) or timezone.is_naive(at):
        msg = "contacted(at=…) takes an instant with a time zone: an aware datetime."
        raise ValueError(msg)
    if who is None or (isinstance(who, str) and not who.strip()):
        return
    person = _person(who, at)
    signals.contacted.send(
        sender=type(who), person=person if isinstance(person, UUID) else person.uuid, at=at
    )


def _person(who: Any, at: datetime) -> Person | UUID:
    # Declarations are read before the tables are there, and this module with them.
    from django_rgpd.registry import people
    from django_rgpd.registry.models import Person

    if isinstance(who, Person | UUID):
        return who
    if isinstance(who, str):
        return people.note("email", who, now=at).person
    return people.person_of(who, now=at)
