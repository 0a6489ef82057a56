"""Digests in payloads: each has the id of its key beside it, without which it leads to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from django_rgpd.core import keys
from django_rgpd.ledger.models import Event


def lost_key(events: Iterable[Event]) -> str:
    """In words, that a key which made digests of these events is not in ``DIGEST_KEYS``; empty where all are."""
    used = {key for event in events for key in _keys(event.payload)}
    known = {key.id for key in keys.digest_ring().keys} if used else set()
    lost = min(used - known, default=None)
    if lost is None:
        return ""
    words = _(
        "Digests of addresses were made by the key %(key)s, which is not in DIGEST_KEYS any more: without it nobody is found"
        " by them. Put it back, last."
    )
    return words % {"key": lost}


def _keys(said: object) -> Iterator[str]:
    if isinstance(said, dict):
        if "digest" in said and "key" in said:
            yield str(said["key"])
        for one in said.values():
            yield from _keys(one)
    elif isinstance(said, list):
        for one in said:
            yield from _keys(one)
