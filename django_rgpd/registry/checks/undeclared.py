"""Checks of every installed model: what looks personal and nobody has declared, cards, bank accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.checks import CheckMessage

from django_rgpd.policy import BANK
from django_rgpd.registry import looks
from django_rgpd.registry.checks import ties
from django_rgpd.registry.checks.messages import error, gap
from django_rgpd.registry.columns import columns, foreign_keys
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Field, Model

    AnyField = Field[Any, Any]

PRESET = ("django.contrib.", "allauth.", "rest_framework.authtoken.")
"""Packages whose tables a preset declares."""


def findings() -> Iterator[CheckMessage]:
    """What looks personal in any model, auto-created tables of many-to-many relations among them."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy:
            continue
        yield from _undeclared(model)
        yield from _cards(model)
        yield from _banks(model)
    yield from _excuses()


def harmless(model: type[Model], field: AnyField | None = None) -> bool:
    """Whether somebody said of ``model``, its app or its ``field`` that it holds nothing personal."""
    meta = model._meta
    labels = {meta.app_label, meta.label_lower}
    if field is not None:
        labels.add(f"{meta.label_lower}.{field.name}".lower())
    return bool(labels & set(registry.harmless))


def _undeclared(model: type[Model]) -> Iterator[CheckMessage]:
    if registry.of(model) is not None or harmless(model):
        return
    names = [field.name for field in looks.personal_columns(model) if not harmless(model, field)]
    if not names:
        yield from ties.undeclared(model)
        return
    label = model._meta.label
    message = f"It looks personal ({', '.join(names)}), and nobody has declared it."
    hint = (
        "Say in an rgpd.py: presets.declare(purpose='account'), or whatever purpose accounts serve in your policy "
        "(django_rgpd.registry.presets)."
    )
    if not _has_preset(model):
        hint = (
            f"Declare it ('manage.py rgpd_declare {model._meta.app_label}' prints a draft), "
            f"or say in an rgpd.py: not_personal({label!r}, reason='…')"
        )
    yield gap("E050", "W050", model, message, hint)


def _has_preset(model: type[Model]) -> bool:
    tables = (
        [model, *(key.related_model for key in foreign_keys(model))] if model._meta.auto_created else [model]
    )
    return any(table.__module__.startswith(PRESET) for table in tables)


def _cards(model: type[Model]) -> Iterator[CheckMessage]:
    """Card numbers are the payment provider's alone (CNIL, deliberation 2018-303)."""
    for field in columns(model):
        if not looks.is_card(field) or harmless(model, field):
            continue
        message = f"{field.name!r} looks like the number or code of a payment card."
        label = f"{model._meta.label}.{field.name}"
        hint = f"Keep the provider's token alone. If it is none: not_personal({label!r}, reason='…')"
        if registry.of(model) is not None:
            yield error("E041", model, message, hint)
        else:
            yield gap("E055", "W055", model, message, hint)


def _banks(model: type[Model]) -> Iterator[CheckMessage]:
    """Bank accounts are kept only under a declared purpose, as what they are."""
    entry = registry.of(model)
    for field in columns(model):
        if not looks.is_bank(field) or harmless(model, field):
            continue
        label = f"{model._meta.label}.{field.name}"
        personal = entry.declaration.fields.get(field.name) if entry is not None else None
        if entry is None:
            message = f"{field.name!r} looks like a bank account, and nobody has declared it."
            hint = f"Declare it with category=BANK. If it is none: not_personal({label!r}, reason='…')"
            yield gap("E056", "W056", model, message, hint)
        elif personal is None or personal.category is not BANK:
            message = f"{field.name!r} looks like a bank account, and is not declared as one."
            hint = f"Say Personal(…, category=BANK). If it is none: not_personal({label!r}, reason='…')"
            yield error("E042", model, message, hint)


def _excuses() -> Iterator[CheckMessage]:
    """What was said to hold nothing personal: a misspelt label would hide nothing, or the wrong thing."""
    for label, reason in registry.harmless.items():
        if not _exists(label):
            message = f"not_personal() names {label!r}, and there is no such app, model or column."
            yield error("E043", label, message, "Give 'app', 'app.Model' or 'app.Model.field'.")
        elif not reason.strip():
            message = f"not_personal({label!r}) gives no reason."
            yield error("E043", label, message, "Say why in one sentence: reason='…'.")
        elif label.count(".") == 1 and registry.labelled(label) is not None:
            message = "It is declared, and said to hold nothing personal."
            yield error("E044", apps.get_model(label), message, "Keep one of the two.")


def _exists(label: str) -> bool:
    app, *rest = label.split(".")
    try:
        apps.get_app_config(app)
        if not rest:
            return True
        model = apps.get_model(app, rest[0])
        if len(rest) == 1:
            return True
    except LookupError:
        return False
    return len(rest) == 2 and any(field.name.lower() == rest[1] for field in model._meta.get_fields())
