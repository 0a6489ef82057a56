"""The registry: one entry a declared model, found in ``<app>/rgpd.py`` as the admin finds ``admin.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.module_loading import autodiscover_modules

from django_rgpd.registry import shape
from django_rgpd.registry.declaration import Declaration
from django_rgpd.registry.who import SUBJECT, Who

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.declaration import Personal

PRESETS = "django_rgpd.registry.presets"
"""Where declarations come from that a shop may replace by its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One declared model with its declaration and the module that registered it."""

    model: type[Model]
    declaration: type[Declaration]
    origin: str

    @property
    def label(self) -> str:
        """``app_label.ModelName``: how messages, ledgers and exports name it."""
        return self.model._meta.label

    @property
    def people(self) -> dict[str, Who]:
        """Role → how to find that person, the first one being whose a field is by default."""
        if self.declaration.who is not None:
            return {SUBJECT: self.declaration.who, **self.declaration.people}
        return dict(self.declaration.people)

    @property
    def main_role(self) -> str:
        """The role whose a field is where it does not say."""
        return next(iter(self.people), SUBJECT)

    def role_of(self, personal: Personal) -> str:
        """The role whose ``personal`` is."""
        return personal.of or self.main_role

    def fields_of(self, role: str) -> dict[str, Personal]:
        """The personal fields of one person of the row."""
        return {name: one for name, one in self.declaration.fields.items() if self.role_of(one) == role}


@dataclass(slots=True)
class Registry:
    """Every declared model, and those said to hold nothing personal."""

    entries: dict[type[Model], Entry] = field(default_factory=dict)
    repeated: list[tuple[Entry, Entry]] = field(default_factory=list)
    harmless: dict[str, str] = field(default_factory=dict)
    """Label (or app label) → reason, of models said to hold nothing personal."""
    _registry: dict[object, object] = field(default_factory=dict)
    """What autodiscover_modules copies and restores when a module fails to import."""

    def add(self, model: type[Model], declaration: type[Declaration]) -> None:
        """Enter ``declaration`` for ``model``; a second one is kept aside for the system check to report.

        A preset gives way to a declaration of the shop's own, whichever is found first. Raises ``Misconfigured`` for one that
        could not be read.
        """
        shape.refuse(model._meta.label, declaration)
        entry = Entry(model=model, declaration=declaration, origin=declaration.__module__)
        if model in self.entries and not self.entries[model].origin.startswith(PRESETS):
            self.repeated.append((self.entries[model], entry))
        else:
            self.entries[model] = entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self.entries.values()))

    def of(self, model: type[Model]) -> Entry | None:
        """The entry of ``model``, or nothing."""
        return self.entries.get(model)

    def labelled(self, label: str) -> Entry | None:
        """The entry called ``label`` (``app_label.ModelName``), or nothing."""
        return self.entries.get(apps.get_model(label))


registry = Registry()


def register(*models: type[Model]) -> Callable[[type[Declaration]], type[Declaration]]:
    """Class decorator: enter a declaration for one or more models.

    Raises ``Misconfigured`` at once for anything else than models, and where there is none.
    """
    shape.refuse_models(models)

    def enter(declaration: type[Declaration]) -> type[Declaration]:
        for model in models:
            registry.add(model, declaration)
        return declaration

    return enter


def not_personal(*labels: str, reason: str) -> None:
    """Say that models ("app_label.Model") or whole apps ("app_label") hold nothing personal, and why."""
    for label in labels:
        registry.harmless[label.lower()] = reason


def discover() -> None:
    """Import each installed app's ``rgpd`` module."""
    autodiscover_modules("rgpd", register_to=registry)
