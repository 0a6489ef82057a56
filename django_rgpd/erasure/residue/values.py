"""The values that are looked for: which of a person's are distinctive, and the forms in which each may be
written."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from django.contrib.auth import get_user_model
from django.db.models import CharField, TextField

from django_rgpd.registry import registry, scope

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry import Entry, Subject

EMAIL = "email"
PHONE = "phone"
NAME = "name"
OTHER = "other"

SHORTEST = 5
"""Characters below which a value is found everywhere and says nothing."""

_MOST = 200  # values of one person; a shop's customer has a few dozen
_PER_COLUMN = 20
_ASCII_UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_NOT_DIGIT = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Value:
    """One value with its kind ("email", "phone", "name", or the label of a declared field); never printed."""

    kind: str
    text: str = field(repr=False)

    @property
    def needles(self) -> frozenset[str]:
        """The folded forms to look for in text that is folded as well."""
        written = set(_phone_forms(self.text)) if self.kind == PHONE else {self.text.strip()}
        return frozenset(form for text in written for form in _forms(text) if len(form) >= SHORTEST)


def distinctive(values: Mapping[str, Iterable[str]]) -> list[Value]:
    """The values of ``values`` (kind → texts) that say who it is.

    Left out: what is shorter than five characters, and a name of one word, which others bear as well.
    """
    found = []
    for kind, texts in values.items():
        for text in texts:
            trimmed = text.strip()
            if len(trimmed) < SHORTEST or (kind == NAME and len(trimmed.split()) < 2):
                continue
            found.append(Value(kind, trimmed))
    return list(dict.fromkeys(found))


def gather(subject: Subject) -> list[Value]:
    """The distinctive values that the declared rows of ``subject`` hold, with her proven addresses.

    To be asked before an erasure: afterwards there is nothing left to gather.
    """
    found: dict[str, list[str]] = {kind: sorted(texts) for kind, texts in subject.addresses.items()}
    found.setdefault(NAME, []).extend(_full_names(subject))
    for entry in registry:
        for role in entry.people:
            for name, texts in _texts(entry, role, subject):
                found.setdefault(name, []).extend(text for text in texts if _tells(text))
    return list(islice(distinctive(found), _MOST))


def _tells(text: str) -> bool:
    """Whether a text that is no address is rare enough: two words at least, or a digit or an @ in it."""
    return len(text.split()) > 1 or any(one.isdigit() or one == "@" for one in text)


def _texts(entry: Entry, role: str, subject: Subject) -> Iterator[tuple[str, list[str]]]:
    for name in entry.fields_of(role):
        column = entry.model._meta.get_field(name)
        if not isinstance(column, CharField | TextField) or column.choices:
            continue
        for condition in scope.conditions(entry, role, subject):
            rows = entry.model._base_manager.filter(condition).exclude(**{name: ""})
            rows = rows.exclude(**{f"{name}__isnull": True}) if column.null else rows
            texts = rows.order_by().values_list(name, flat=True).distinct()[:_PER_COLUMN]
            yield f"{entry.label}.{name}", [str(text) for text in texts]


def _full_names(subject: Subject) -> list[str]:
    if subject.user_key is None:
        return []
    model: type[Model] = get_user_model()
    user = model._base_manager.filter(pk=subject.user_key).first()
    first = str(getattr(user, "first_name", "") or "").strip()
    last = str(getattr(user, "last_name", "") or "").strip()
    return [f"{first} {last}", f"{last} {first}"] if first and last else []


def _forms(text: str) -> Iterator[str]:
    """As it may stand in a column: composed or not, escaped for a URL, JSON or HTML; folded in three ways.

    Databases of another locale than UTF-8 fold ASCII only, so an upper-case É may stay one.
    """
    for shape in ("NFC", "NFD"):
        plain = unicodedata.normalize(shape, text)
        safe = plain.encode(errors="replace").decode()
        for written in {
            plain,
            quote(safe, safe=""),
            quote_plus(safe),
            json.dumps(plain)[1:-1],
            html.escape(plain),
        }:
            yield written.casefold()
            yield written.lower()
            yield written.translate(_ASCII_UPPER)
            yield written.upper().translate(_ASCII_UPPER)


def _phone_forms(text: str) -> set[str]:
    """A number as typed, and its last nine digits together or in pairs, whatever country code stands
    before."""
    digits = _NOT_DIGIT.sub("", text)
    if len(digits) < 9:
        return {text.strip()}
    tail = digits[-9:]
    pairs = [tail[0], *(tail[at : at + 2] for at in range(1, 9, 2))]
    return {text.strip(), tail, *(mark.join(pairs) for mark in " .-")}
