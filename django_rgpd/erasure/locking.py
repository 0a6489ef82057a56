"""What an erasure locks: the person's own row and her account's, never the shop's other rows; and how it waits for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import connections

from django_rgpd.registry import Subject, people

if TYPE_CHECKING:
    from django_rgpd.registry.models import Person

LOCK_TIMEOUT = "5s"

_SETTINGS = """
    SELECT set_config('lock_timeout', %s, true), set_config('max_parallel_workers_per_gather', '0', true),
           set_config('jit', 'off', true)
"""

_BEGUN = """
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
    SET LOCAL lock_timeout = '{timeout}'; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off
"""
"""The same, and what can be said only before anything was read."""


def settle(alias: str) -> None:
    """Set up the caller's transaction, of which it is the first statement, for the work on one person.

    It reads what there is once it has the lock, also where the shop's transactions read what there was when they began: an
    address may have been proven while it waited. Within a transaction of the shop's nothing can be done about that.

    It waits for nobody's lock longer than a page can. It asks PostgreSQL for no parallel workers and for no compiled statements:
    to start them, or to compile what is asked of every declared model, takes longer than to count the rows that one person has,
    and a page should not take the other requests' processors.
    """
    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            if connection.savepoint_ids:
                cursor.execute(_SETTINGS, [LOCK_TIMEOUT])
            else:
                cursor.execute(_BEGUN.format(timeout=LOCK_TIMEOUT))


def lock(person: Person) -> Person:
    """Her row, locked; she may have been merged into somebody since she was read, or while the lock was waited for."""
    locked = people.lock(people.standing_for(person))
    while locked.merged_into is not None:
        locked = people.lock(locked.merged_into)
    return locked


def lock_user(subject: Subject) -> Any:
    """Her account's row, locked; None where she has none."""
    if subject.user_key is None:
        return None
    key: Any = subject.user_key
    model = get_user_model()
    return model._base_manager.select_for_update(of=("self",)).filter(pk=key).first()
