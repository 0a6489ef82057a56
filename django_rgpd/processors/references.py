"""How a shop's own columns name a person at a processor: read before an erasure empties them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model

from django_rgpd.core.errors import Misconfigured
from django_rgpd.processors import roads
from django_rgpd.processors.base import Processor
from django_rgpd.registry import Subject, registry, scope


def of(subject: Subject) -> dict[str, list[str]]:
    """Key of a road → what names ``subject`` there, for the roads whose setting has ``references``.

    One query a column and way to the person. An address that her account spells otherwise than we do is among them, for
    some processors tell capitals apart.
    """
    found = {}
    for road in roads.every():
        if road.processor.references:
            named = {text for path in road.processor.references for text in _values(path, subject)}
            found[road.key] = sorted(named | set(_as_typed(subject)))
    return {key: texts for key, texts in found.items() if texts}


def column(path: str) -> tuple[Any, str]:
    """The declared model and the column that ``"app.Model.column"`` names. Raises ``Misconfigured``."""
    label, _dot, name = path.rpartition(".")
    try:
        entry = registry.of(apps.get_model(label))
    except (LookupError, ValueError):
        entry = None
    if entry is None or name not in entry.declaration.fields:
        msg = f"has {path!r} among its references, which is no personal field of a declared model."
        raise Misconfigured(msg)
    return entry, name


def problems(processor: Processor) -> Iterator[str]:
    """What is wrong with the references of ``processor``, as the ends of sentences."""
    for path in processor.references:
        try:
            column(path)
        except Misconfigured as problem:
            yield str(problem)


def _values(path: str, subject: Subject) -> Iterator[str]:
    try:
        entry, name = column(path)
    except Misconfigured:
        return  # a system check names it
    for role in entry.people:
        if name in entry.fields_of(role):
            for where in scope.conditions(entry, role, subject):
                rows = entry.model._base_manager.filter(where).values_list(name, flat=True)
                yield from (str(one) for one in rows.distinct() if one)


def _as_typed(subject: Subject) -> Iterator[str]:
    key: Any = subject.user_key
    if key is None:
        return
    name = get_user_model().get_email_field_name()
    users: Mapping[str, object] = get_user_model()._base_manager.filter(pk=key).values(name).first() or {
        name: ""
    }
    text = str(users[name] or "").strip()
    if text.lower() in subject.emails and text not in subject.emails:
        yield text
