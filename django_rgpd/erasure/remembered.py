"""What must be known of a person after her data are gone, until her last job is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, Q
from django.utils.translation import get_language

from django_rgpd.core import addresses
from django_rgpd.core.errors import BadAddress
from django_rgpd.erasure import residue, telling
from django_rgpd.erasure.statements import rows_of
from django_rgpd.outbox import mail
from django_rgpd.registry import Entry, Subject, held, holds, people, registry, rule, scope
from django_rgpd.registry.conditions import NEVER, all_of, any_of, is_never
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.who import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What has to be known of a person after her data are gone, until her last job is done."""

    subject: Subject
    email: str | None
    language: str
    sessions: list[str]
    values: list[residue.Value]
    digests: list[dict[str, str]]
    pinned: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    named: telling.Names = field(default_factory=telling.Names)
    """What leads to her at processors."""


def taken(
    person: Person,
    known: people.Known,
    user: Any,
    *,
    sessions: list[str],
    herself: bool,
    named: telling.Names,
) -> Taken:
    """Put together what follows will need, before it goes.

    ``herself``: she asks on a page of her own, whose language her receipt then has; else her account's, else hers.
    ``named``: what leads to her at processors.
    """
    subject, own = known.subject, _account_email(user)
    email = mail.address_among(known.emails, own=people.account_email(user) if user else None) or own
    texts = {"email": sorted({*subject.emails, *([own] if own else [])}), "phone": [], "name": []}
    texts["phone"] = sorted({*subject.addresses.get("phone", ()), str(getattr(user, "phone", "") or "")})
    first, last = (str(getattr(user, name, "") or "").strip() for name in ("first_name", "last_name"))
    texts["name"] = [f"{first} {last}"] if first and last else []
    return Taken(
        subject=subject,
        email=email,
        language=(get_language() if herself else "")
        or str(getattr(user, "language", "") or "")
        or person.language,
        sessions=sessions,
        values=residue.distinctive(texts),
        digests=_digests(known, own),
        named=named,
    )


def keep(person: Person, known: people.Known, digests: list[dict[str, str]], *, now: datetime) -> None:
    """Have the digest of her account's own address stay beside those of her addresses: imports ask there who was erased.

    It may be nobody's proven address: after what she asked for her own addresses was done (``suppress.keep``).
    """
    there = {(kind, digest) for kind, digest, _key in known.digests}
    Address.objects.bulk_create(
        Address(
            person=person,
            site=person.site,
            kind=one["kind"],
            digest=one["digest"],
            key_id=one["key"],
            since=now,
            until=now,
        )
        for one in digests
        if (one["kind"], one["digest"]) not in there
    )


def of_a_newcomer(value: residue.Value) -> bool:
    """Whether an address that is looked for is a living person's by now."""
    return value.kind in {"email", "phone"} and people.known(value.kind, value.text) is not None


def without_newcomers(
    subject: Subject,
    rows: Mapping[str, tuple[object, ...]],
    *,
    pinned: Mapping[str, tuple[object, ...]],
    until: datetime | None,
) -> Subject:
    """Her account key and addresses, leading to nothing that a living person did under them by now: she came back, or a
    mailbox or a login name has a new owner.

    ``rows``: what open business held, hers whoever has the address. ``pinned``: what was kept of her otherwise (``pinned``).
    ``until``: by when other rows began that may be hers.
    """
    free = {
        kind: frozenset(text for text in texts if people.known(kind, text) is None)
        for kind, texts in subject.addresses.items()
    }
    return replace(
        subject,
        held=Held(rows=rows, until=until, free=free, pinned=pinned),
        user_key=None if _taken_again(subject) else subject.user_key,
    )


def held_open(subject: Subject, *, now: datetime) -> dict[str, tuple[object, ...]]:
    """Label of the model that carries an address of hers → keys of the rows that open business or a hold keeps."""
    found: dict[str, set[object]] = {}
    only = replace(subject, user_key=None)
    standing = holds.standing()
    for entry in registry:
        for role, who in entry.people.items():
            still_open = _waits(entry, role, standing, now=now) if who.addresses else NEVER
            if is_never(still_open):
                continue
            for where in scope.conditions(entry, role, only):
                for text in who.addresses.values():
                    prefix, model = held.carrier(entry, text)
                    rows = rows_of(entry, all_of(where, still_open)).values_list(f"{prefix}pk", flat=True)
                    found.setdefault(held.label_of(model), set()).update(
                        key for key in rows if key is not None
                    )
    return {label: tuple(sorted(keys, key=str)) for label, keys in found.items() if keys}


def pinned(subject: Subject, *, standing: holds.Holds, now: datetime) -> dict[str, tuple[object, ...]]:
    """The rows of hers that a hold, or what is unsettled, keeps: by key, for the way to them may be cut by what goes.

    ``Held.pin`` of a label and a role → keys. To be read before anything goes.
    """
    found: dict[str, tuple[object, ...]] = {}
    for entry in registry:
        for role in entry.people:
            fields = entry.fields_of(role).values()
            kept = any_of(*(rule.kept(entry, one, now=now, holds=standing) for one in fields))
            if is_never(kept):
                continue
            keys = {
                key
                for where in scope.conditions(entry, role, subject)
                for key in rows_of(entry, all_of(where, kept)).values_list("pk", flat=True)
            }
            if keys:
                found[Held.pin(entry.label, role)] = tuple(sorted(keys, key=str))
    return found


def _waits(entry: Entry, role: str, standing: holds.Holds, *, now: datetime) -> Q:
    """Rows of which something stays only for a while: business is open, something is unsettled or held."""
    kept = (
        rule.kept(entry, personal, now=now, holds=standing) for personal in entry.fields_of(role).values()
    )
    return any_of(rule.open_rows(entry) or NEVER, *kept)


def _taken_again(subject: Subject) -> bool:
    """Whether the account's key, where people choose it, opens somebody's account: a tombstone opens nobody's."""
    if subject.user_key is None:
        return False
    key: Any = subject.user_key
    user = get_user_model()._base_manager.filter(pk=key).first()
    return people.users_person(key) is not None or (user is not None and user.has_usable_password())


def _account_email(user: Any) -> str | None:
    if user is None:
        return None
    name = getattr(type(user), "EMAIL_FIELD", None) or "email"
    text = str(getattr(user, name, "") or "").strip()
    return text or None


def _digests(known: people.Known, email: str | None) -> list[dict[str, str]]:
    """Those of every address ever known of her, and that of her account's."""
    found = [{"kind": kind, "digest": digest, "key": key} for kind, digest, key in known.digests]
    try:
        made = addresses.digest("email", addresses.canonical("email", email or ""))
    except BadAddress:
        return found
    own = {"kind": "email", "digest": made.hex, "key": made.key_id}
    return found if own in found else [*found, own]


def packed(subject: Subject) -> dict[str, object]:
    """``subject`` as a job's payload keeps it until the job is done."""
    return {
        "uuids": [str(one) for one in subject.uuids],
        "user_key": None if subject.user_key is None else str(subject.user_key),
        "addresses": {kind: sorted(texts) for kind, texts in subject.addresses.items()},
    }


def unpacked(kept: Mapping[str, Any]) -> Subject:
    """The subject of a job's payload."""
    key = kept["user_key"]
    return Subject(
        uuids=tuple(UUID(one) for one in kept["uuids"]),
        user_key=None if key is None else _account_key(key),
        addresses={kind: frozenset(texts) for kind, texts in kept["addresses"].items()},
    )


def _account_key(text: str) -> object:
    field: Any = get_user_model()._meta.pk
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field.to_python(text)
