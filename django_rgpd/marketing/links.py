"""The links by which people leave: signed, without anything stored, valid as long as a key of the ring
verifies them.
"""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse

from django_rgpd.core import links

PREFERENCES = "preferences"
UNDO = "undo"


def unsubscribe_url(person: UUID, purpose: str, channel: str) -> str:
    """The full URL that unsubscribes ``person`` from one purpose on one channel, shown or by one click (RFC
    8058, 3.1).
    """
    token = links.sign(unsubscribe_label(purpose, channel), person)
    return links.absolute(reverse("django_rgpd:unsubscribe", args=[purpose, channel, token]))


def preferences_url(person: UUID) -> str:
    """The full URL of the page on which ``person`` chooses by purpose and channel, without logging in."""
    return links.absolute(reverse("django_rgpd:preferences_by_link", args=[preferences_token(person)]))


def preferences_token(person: UUID) -> str:
    """The token of that page."""
    return links.sign(PREFERENCES, person)


def unsubscribe_label(purpose: str, channel: str) -> str:
    """What the signature of an unsubscribe link covers beside the person: a link of one list is none of
    another.
    """
    return f"unsubscribe:{purpose}:{channel}"


def undo_token(event: UUID) -> str:
    """The token that takes the refusal written as ``event`` back."""
    return links.sign(UNDO, event)
