"""News of addresses: where somebody is written to may be another from now on; heard by whoever keeps a copy of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.dispatch import Signal

from django_rgpd.registry.models import Address

changed = Signal()
"""``people``: the keys of those people, a frozenset. Sent inside the transaction that changes their addresses."""


def tell(people: Iterable[int]) -> None:
    """Say that addresses of ``people`` (keys of ``Person``) changed otherwise than by ``save()``, which tells of itself."""
    told = frozenset(people)
    if told:
        changed.send(sender=Address, people=told)
