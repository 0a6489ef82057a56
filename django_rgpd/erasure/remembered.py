"""What must be known of a person after her data are gone, until her last job is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey

from django_rgpd.core import addresses
from django_rgpd.core.errors import BadAddress
from django_rgpd.erasure import residue
from django_rgpd.outbox import mail
from django_rgpd.registry import Subject, people
from django_rgpd.registry.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What has to be known of a person after her data are gone, until her last job is done."""

    subject: Subject
    email: str | None
    language: str
    sessions: list[str]
    values: list[residue.Value]
    digests: list[dict[str, str]]


def taken(person: Person, subject: Subject, user: Any, *, sessions: list[str]) -> Taken:
    """Read off what follows will need, before it goes."""
    own = _account_email(user)
    email = mail.address_of(person.uuid) or own
    texts = {"email": sorted({*subject.emails, *([own] if own else [])}), "phone": [], "name": []}
    texts["phone"] = sorted({*subject.addresses.get("phone", ()), str(getattr(user, "phone", "") or "")})
    first, last = (str(getattr(user, name, "") or "").strip() for name in ("first_name", "last_name"))
    texts["name"] = [f"{first} {last}"] if first and last else []
    return Taken(
        subject=subject,
        email=email,
        language=person.language or str(getattr(user, "language", "") or ""),
        sessions=sessions,
        values=residue.distinctive(texts),
        digests=_digests(own),
    )


def of_a_newcomer(value: residue.Value) -> bool:
    """Whether an address that is looked for is a living person's by now."""
    return value.kind in {"email", "phone"} and people.known(value.kind, value.text) is not None


def without_newcomers(subject: Subject) -> Subject:
    """Her account key and addresses, without those that a living person has by now: she came back, or a mailbox
    or a login name has a new owner."""
    hers = {
        kind: frozenset(text for text in texts if people.known(kind, text) is None)
        for kind, texts in subject.addresses.items()
    }
    return replace(subject, addresses=hers, user_key=None if _taken_again(subject) else subject.user_key)


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


def _digests(email: str | None) -> list[dict[str, str]]:
    if email is None:
        return []
    try:
        made = addresses.digest("email", addresses.canonical("email", email))
    except BadAddress:
        return []
    return [{"kind": "email", "digest": made.hex, "key": made.key_id}]


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
