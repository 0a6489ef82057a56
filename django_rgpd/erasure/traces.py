"""What the ledger keeps of an erased person so that a restored dump can be searched for her: digests, and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.timezone import is_aware

from django_rgpd.core import addresses, keys
from django_rgpd.core.errors import BadAddress
from django_rgpd.core.keys import Digest
from django_rgpd.erasure.statements import rows_of
from django_rgpd.registry import Subject, people, registry
from django_rgpd.registry.conditions import all_of
from django_rgpd.registry.matching import limited, no_account

LABEL = "account"
"""Keeps the digests of accounts apart from all others of the same ring."""

JOINED = "date_joined"
"""The account's own first instant, as Django calls it."""

PAGE = 5_000

Digested = tuple[str, str]
"""Kind and digest of an address."""


def kept(subject: Subject, user: Any) -> dict[str, object]:
    """For the event of an erasure: ``hers``, the digests of the addresses that led to her rows; ``account``, her account's.

    An address that she only claimed is not among them: in another state of the shop it may be somebody else's.
    """
    hers = [
        {"kind": kind, "digest": made.hex, "key": made.key_id}
        for kind, texts in sorted(subject.addresses.items())
        for made in sorted((addresses.digest(kind, text) for text in texts), key=lambda one: one.hex)
    ]
    account = None
    if user is not None:
        made = keys.digest_ring().digest(LABEL, _account(user))
        account = {"digest": made.hex, "key": made.key_id}
    return {"hers": hers, "account": account}


def texts(wanted: Iterable[Digested]) -> Mapping[Digested, set[str]]:
    """The addresses in the shop's rows of guests that have these digests, under any key: each declared column is read once."""
    looked_for = set(wanted)
    found: dict[Digested, set[str]] = defaultdict(set)
    for entry in registry if looked_for else ():
        for role, who in entry.people.items():
            guests = rows_of(entry, all_of(limited(entry, role), no_account(entry, role)))
            for kind, path in who.addresses.items():
                for text in _column(guests, path):
                    for canonical, digest in _digests(kind, text):
                        if (kind, digest.hex) in looked_for:
                            found[kind, digest.hex].add(canonical)
    return found


def accounts(wanted: Iterable[str]) -> Mapping[str, object]:
    """Digest of an account, under any key → the key of the account that has it; all accounts are read once."""
    looked_for: set[str] = set(wanted)
    found: dict[str, object] = {}
    model: Any = get_user_model()
    every: QuerySet[Any] = QuerySet(model).order_by()
    for user in (one for rows in _ranges(every) for one in rows) if looked_for else ():
        for made in keys.digest_ring().digests(LABEL, _account(user)):
            if made.hex in looked_for:
                found[made.hex] = user.pk
    return found


def _account(user: Any) -> bytes:
    """The key of an account and the instant when it began, for keys are given again after a restore; without an instant its
    address."""
    joined = getattr(user, JOINED, None)
    if isinstance(joined, datetime):
        told = (joined.astimezone(UTC) if is_aware(joined) else joined).isoformat(timespec="microseconds")
    elif isinstance(joined, date):
        told = joined.isoformat()
    else:
        told = people.account_email(user) or ""
    return json.dumps([str(user.pk), told]).encode()


def _column(rows: QuerySet[Any], path: str) -> Iterator[object]:
    for some in _ranges(rows):
        yield from set(some.values_list(path, flat=True))


def _digests(kind: str, text: object) -> Iterator[tuple[str, Digest]]:
    try:
        canonical = addresses.canonical(kind, str(text or ""))
    except BadAddress:
        return
    for digest in addresses.digests(kind, canonical):
        yield canonical, digest


def _ranges(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """Rows in ranges of their keys: one long cursor would hold them all where the server has none."""
    last: Any = None
    while True:
        ahead = rows if last is None else rows.filter(pk__gt=last)
        found = list(ahead.order_by("pk").values_list("pk", flat=True)[:PAGE])
        if found:
            last = found[-1]
            yield ahead.filter(pk__lte=last)
        if len(found) < PAGE:
            return
