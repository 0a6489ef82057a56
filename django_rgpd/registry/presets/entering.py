"""Entering a declaration for a model that may be there or not, with the columns that this version of it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.apps import apps

from django_rgpd.registry.columns import columns
from django_rgpd.registry.declaration import Declaration, DeleteRow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.policy.purposes import Text
    from django_rgpd.registry.declaration import AtEnd, Personal
    from django_rgpd.registry.who import Who


def enter(
    model: type[Model],
    origin: str,
    doc: str,
    *,
    people: Mapping[str, Who],
    fields: Mapping[str, Personal] | None = None,
    facts: Iterable[str] = (),
    clocks: Mapping[str, str] | None = None,
    contacts: Iterable[str] = (),
    at_end: AtEnd | None = None,
    label: Text = "",
) -> None:
    """Declare ``model``, unless the shop has; what is neither in ``fields`` nor in ``facts`` is internal.

    ``origin`` is the module that answers for it, ``label`` what pages call the rows; columns that this version of the model
    lacks are left out.
    """
    if registry.of(model) is not None:
        return
    known = {field.name for field in columns(model)}
    personal = {name: one for name, one in (fields or {}).items() if name in known}
    said = [name for name in facts if name in known]
    body: dict[str, Any] = {
        "__module__": origin,
        "__doc__": doc,
        "people": people,
        "fields": personal,
        "facts": said,
        "internal": [name for name in sorted(known) if name not in personal and name not in said],
        "clocks": clocks or {},
        "contacts": [name for name in contacts if name in known],
        "at_end": at_end or DeleteRow(),
        "label": label,
    }
    registry.add(model, type(f"{model.__name__}Data", (Declaration,), body))


def installed(label: str) -> type[Model] | None:
    """The model called ``label``, or None where its app is not installed."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def clock(purpose: str, column: str) -> dict[str, str]:
    """``clocks`` for one purpose."""
    return {purpose: column}
