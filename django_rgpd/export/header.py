"""What an export says beside its rows: who answers for them, what for, on which basis, how long, to whom."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.export.columns import Column, is_portable, purposes_of
from django_rgpd.export.models import Document
from django_rgpd.export.values import Json, plain
from django_rgpd.policy import Policy, Purpose, Recipient, Term, current

if TYPE_CHECKING:
    from django_rgpd.registry import Entry, Subject

Object: TypeAlias = "dict[str, Json]"

SCHEMA = "urn:django-rgpd:export:1"
"""The ``$id`` of the envelope's JSON Schema; a change that breaks readers makes it ``:2``."""


def envelope(subject: Subject, document: Document, *, now: datetime) -> Object:
    """Everything above the tables (art. 15.1, 15.2; art. 20.1)."""
    policy = current()
    found: Object = {
        "schema": SCHEMA,
        "document": str(document.value),
        "right": _right(document),
        "generated_at": plain(now),
        "language": get_language() or "",
        "controller": _controller(policy),
        "policy": {"version": policy.version.isoformat(), "notice": policy.notice_url or None},
        "person": _person(subject),
    }
    if document == Document.ACCESS:
        found["rights"] = list(_rights())
        found["authority"] = {"name": str(policy.authority), "url": policy.authority_url}
        found["recipients"] = [_recipient(one) for one in policy.recipients]
    return found


def table(entry: Entry, role: str, columns: Sequence[Column], document: Document) -> Object:
    """What stands beside the rows of one table, once a table."""
    policy = current()
    purposes = [policy.purpose(key) for key in purposes_of(entry, role)]
    if document == Document.PORTABILITY:
        purposes = [purpose for purpose in purposes if is_portable(purpose)]
    keys = {purpose.key for purpose in purposes}
    return {
        "table": entry.label,
        "role": role,
        "label": str(entry.declaration.label or entry.model._meta.verbose_name_plural),
        "about": str(_(_about(entry))) if _about(entry) else "",
        "source": str(entry.declaration.source) or None,
        "purposes": [_purpose(purpose) for purpose in purposes],
        "recipients": [str(one.name) for one in policy.recipients if keys.intersection(one.purposes)],
        "columns": {column.key: _column(entry, column) for column in columns},
    }


def duration(term: Term) -> str | None:
    """A term as ISO 8601 writes it (``P3Y``); None for one that only the person ends."""
    if term.endless:
        return None
    parts = ((term.years, "Y"), (term.months, "M"), (term.days, "D"))
    return "P" + "".join(f"{number}{unit}" for number, unit in parts if number)


def _right(document: Document) -> str:
    return {
        Document.ACCESS: "Regulation (EU) 2016/679, article 15",
        Document.PORTABILITY: "Regulation (EU) 2016/679, article 20",
    }[document]


def _controller(policy: Policy) -> Object:
    one = policy.controller
    return {
        "name": str(one.name),
        "address": str(one.address) or None,
        "email": one.email or None,
        "dpo": one.dpo or None,
        "representative": str(one.representative) or None,
    }


def _person(subject: Subject) -> Object:
    addresses: list[Json] = [
        {"kind": kind, "address": one}
        for kind, known in sorted(subject.addresses.items())
        for one in sorted(known)
    ]
    account = None if subject.user_key is None else str(subject.user_key)
    return {"id": str(subject.uuid), "account": account, "addresses": addresses, "site": conf.get().SITE}


def _rights() -> tuple[str, ...]:
    return (
        _("You may have wrong data corrected, and incomplete data completed (article 16)."),
        _("You may have your data erased where nothing obliges us to keep it (article 17)."),
        _("You may have the use of your data restricted while a question about it is open (article 18)."),
        _("You may receive the data that you gave us, or have it sent to another service (article 20)."),
        _("You may object at any time, and to advertising without any reason (article 21)."),
        _("You may withdraw a consent at any time; what was done before stays lawful (article 7)."),
        _("You may lodge a complaint with the supervisory authority that is named here (article 77)."),
    )


def _recipient(one: Recipient) -> Object:
    return {
        "name": str(one.name),
        "purposes": list(one.purposes),
        "country": one.country,
        "safeguard": one.safeguard or None,
        "processor": one.processor,
        "holds": str(one.holds) or None,
    }


def _purpose(purpose: Purpose) -> Object:
    return {
        "key": purpose.key,
        "label": str(purpose.label),
        "description": str(purpose.description) or None,
        "bases": [{"basis": basis.name, "reference": basis.reference or None} for basis in purpose.bases],
        "term": duration(purpose.term),
        "clock": str(purpose.clock.value),
    }


def _column(entry: Entry, column: Column) -> Object:
    personal = column.personal
    found: Object = {"label": str((personal.label if personal else "") or column.field.verbose_name)}
    if personal is not None:
        found |= {
            "purposes": list(personal.purpose_keys),
            "category": str(personal.category.label),
            "origin": personal.origin,
        }
    if column.field.choices:
        found["choices"] = [
            {"value": plain(value), "label": str(label)} for value, label in column.field.flatchoices
        ]
    if column.amount and entry.declaration.currency:
        found["currency"] = "currency" if "__" in entry.declaration.currency else entry.declaration.currency
    return found


def _about(entry: Entry) -> str:
    """The first line of the declaration's docstring."""
    text = inspect.cleandoc(entry.declaration.__doc__ or "")
    return text.partition("\n")[0].strip()
