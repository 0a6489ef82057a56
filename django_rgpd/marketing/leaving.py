"""Leaving by a link: the token says who and what, and nothing else is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django_rgpd.consent import decisions, kinds, permission, state
from django_rgpd.consent import undo as undoing
from django_rgpd.core.errors import BadLink
from django_rgpd.core.links import read
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import links
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry import people
from django_rgpd.registry.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Where the holder of an unsubscribe link stands with its list."""

    purpose: Purpose | None
    subscribed: bool
    undo_token: str = ""
    preferences_token: str = ""


def look(purpose: str, channel: str, token: str, *, now: datetime) -> Left:
    """What an unsubscribe link is about; changes nothing. Raises ``BadLink`` for one that this site did not
    sign.
    """
    person = _person(purpose, channel, token)
    return _left(person, purpose, channel, now)


def leave(purpose: str, channel: str, token: str, *, one_click: bool, now: datetime) -> Left:
    """End ``purpose`` on ``channel`` for the link's person, at once; any number of times is once. Raises
    ``BadLink``.
    """
    person = _person(purpose, channel, token)
    if person is not None and person.erased_at is None:
        decisions.leave(person, purpose, channel, how="one_click" if one_click else "link", now=now)
    return _left(person, purpose, channel, now)


def look_undo(token: str) -> Purpose | None:
    """The purpose that an undo link is about; None where it was about all. Raises ``BadLink``."""
    event = Event.objects.filter(uuid=read(links.UNDO, token)).only("purpose").first()
    return None if event is None else _purpose(event.purpose)


def undo(token: str, *, now: datetime) -> None:
    """Take a refusal back. Raises ``BadLink``, and ``Refused`` where it is too late."""
    undoing.undo(read(links.UNDO, token), how="link", now=now)


def refuse_all(person: Person, *, how: str, now: datetime) -> None:
    """No marketing at all, from now on."""
    if person.erased_at is None:
        decisions.refuse_all(person, how=how, now=now)


def language(purpose: str, channel: str, token: str) -> str:
    """Which language the holder of an unsubscribe link reads, as far as it is known. Raises ``BadLink``."""
    return people.language_of(read(links.unsubscribe_label(purpose, channel), token))


def language_of_undo(token: str) -> str:
    """The same of an undo link."""
    event = Event.objects.filter(uuid=read(links.UNDO, token)).only("person").first()
    return people.language_of(event.person) if event is not None and event.person else ""


def language_of_reader(token: str) -> str:
    """The same of a preferences link."""
    return people.language_of(read(links.PREFERENCES, token))


def reader(token: str) -> Person:
    """The person of a preferences link. Raises ``BadLink``, for one who was erased too: there is nothing to
    choose.
    """
    try:
        person = state.holder(read(links.PREFERENCES, token))
    except Person.DoesNotExist:
        raise BadLink from None
    if person.erased_at is not None:
        raise BadLink
    return person


def proven(person: Person) -> bool:
    """Whether ``person`` has an email address that is proven to be hers."""
    return permission.address_for(person, EMAIL) is not None


def _person(purpose: str, channel: str, token: str) -> Person | None:
    """Who holds the link; None where the row is gone: nothing is sent to her then."""
    uuid = read(links.unsubscribe_label(purpose, channel), token)
    try:
        return state.holder(uuid)
    except Person.DoesNotExist:
        return None


def _left(person: Person | None, purpose: str, channel: str, now: datetime) -> Left:
    found = _purpose(purpose)
    if person is None or person.erased_at is not None:
        return Left(purpose=found, subscribed=False)
    row = state.standing(state.rows(person), purpose, channel)
    refused = row is not None and row.standing in kinds.REFUSALS
    undoable = row is not None and undoing.possible(row, now=now)
    return Left(
        purpose=found,
        subscribed=not refused,
        undo_token=links.undo_token(row.event) if row is not None and undoable else "",
        preferences_token=links.preferences_token(person.uuid),
    )


def _purpose(key: str) -> Purpose | None:
    return next((one for one in current().marketing if one.key == key), None)
