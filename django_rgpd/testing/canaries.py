"""Canaries: values that exist once in the world, planted in every declared field of a person's rows."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.db.models import CharField, EmailField, FileField, JSONField, SlugField, TextField, URLField

from django_rgpd.erasure.reach import column
from django_rgpd.registry import registry, scope
from django_rgpd.registry.generic import key_of

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from django_rgpd.registry import Entry, Subject

_SHORTEST = 8  # below, a random text is found by chance
_HASHES = ("md5", "sha1", "sha256")


class Canaries:
    """Makes unique values, remembers where each was put, and knows in which forms each may turn up again."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}
        """Value → where it was planted (``app_label.Model.field``, or the name given)."""

    def text(self, place: str, *, longest: int | None = None) -> str:
        """A unique text for ``place``, at most ``longest`` characters (shorter than eight says nothing and
        is refused)."""
        token = uuid.uuid4().hex
        value = f"CANARY-{place}-{token}"
        if longest is not None and len(value) > longest:
            value = token[:longest]
        if len(value) < _SHORTEST:
            msg = f"{place}: a canary of fewer than {_SHORTEST} characters would be found by chance."
            raise ValueError(msg)
        return self.remember(value, place)

    def email(self, place: str) -> str:
        """A unique address under example.com, in canonical form."""
        return self.remember(f"canary-{uuid.uuid4().hex[:20]}@example.com", place)

    def remember(self, value: str, place: str) -> str:
        """Take ``value`` as planted at ``place``; returns it."""
        self.planted[value] = place
        return value

    def plant(self, subject: Subject) -> int:
        """Overwrite every declared personal text of the rows of ``subject`` with canaries; says how many
        were planted.

        Left alone: keys, choices, files, texts too short to be unique, and the columns by which rows are
        found.
        Planted by UPDATE, so that models which refuse a change take it too.
        """
        before = len(self.planted)
        for entry in registry:
            if entry.model._meta.app_label == "django_rgpd":
                continue  # who she is stands there: planted over, nothing of hers would be found
            for role in entry.people:
                for condition in scope.conditions(entry, role, subject):
                    for pk in list(entry.model._base_manager.filter(condition).values_list("pk", flat=True)):
                        self._plant_row(entry, role, pk)
        return len(self.planted) - before

    def forms(self) -> Iterator[tuple[str, str]]:
        """Every folded form of every canary with the place where it was planted."""
        for value, place in self.planted.items():
            for form in _forms(value):
                yield form, place

    def _plant_row(self, entry: Entry, role: str, pk: object) -> None:
        finding = {path for who in entry.people.values() for path in who.paths}
        for who in entry.people.values():
            key = key_of(entry.model, who.generic) if who.generic else None
            finding |= {key.ct_field, key.fk_field} if key is not None else set()
        values = {
            name: self._for(entry.model, name)
            for name in entry.fields_of(role)
            if name not in finding and _takes(column(entry.model, name))
        }
        if values:
            entry.model._base_manager.filter(pk=pk).update(**values)

    def _for(self, model: type[Model], name: str) -> object:
        column = model._meta.get_field(name)
        place = f"{model._meta.label}.{name}"
        if isinstance(column, JSONField):
            return {"deep": [{"er": self.text(place)}]}
        if isinstance(column, EmailField):
            return self.email(place)
        if isinstance(column, URLField):
            return self.remember(f"https://example.com/{uuid.uuid4().hex}", place)
        if isinstance(column, SlugField):
            return self.remember(uuid.uuid4().hex[: column.max_length], place)
        return self.text(place, longest=getattr(column, "max_length", None))


def _takes(column: Field[object, object]) -> bool:
    if isinstance(column, JSONField):
        return True
    if isinstance(column, FileField) or not isinstance(column, CharField | TextField):
        return False
    longest = getattr(column, "max_length", None)
    return not column.choices and not column.primary_key and (longest is None or longest >= _SHORTEST)


def _forms(value: str) -> Iterator[str]:
    """Plain, URL-encoded, reversed, base64 at each of its three alignments, and the usual hashes of it;
    folded."""
    for text in {value, value.lower(), value.upper()}:
        yield text.casefold()
        yield quote(text, safe="").casefold()
        yield text[::-1].casefold()
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + text.encode()).decode()
            yield encoded[(0, 2, 3)[shift] : -4 if len(encoded) > 12 else None].casefold()
        for name in _HASHES:
            yield hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
