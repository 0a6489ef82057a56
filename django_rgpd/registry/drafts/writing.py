"""Writing a draft down: one module with its imports, a class a model, a comment a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import CASCADE, ForeignKey
from django.utils.text import capfirst

from django_rgpd.registry import looks
from django_rgpd.registry.drafts import fields, people, policies
from django_rgpd.registry.site import PRESETS, registry

if TYPE_CHECKING:
    from django.apps import AppConfig
    from django.db.models import Model

CATEGORIES = ("BANK", "CONTACT", "CONTENT", "PAYMENT", "TECHNICAL")
WORDS = [
    "Blank",
    "DeleteFile",
    "EmptyJson",
    "Fixed",
    "Null",
    "OBSERVED",
    "Personal",
    "Placeholder",
    "KeepFacts",
    "Who",
    "WithRow",
    "Declaration",
    "register",
    "not_personal",
]


def draft(label: str) -> str:
    """The text of an ``rgpd.py`` for the models of one app that nobody has declared yet.

    Raises ``LookupError`` where no such app is installed.
    """
    config = apps.get_app_config(label)
    parts = [part for model in config.get_models(include_auto_created=True) for part in _model(model)]
    if not parts:
        return f"# Every model of {label} is declared, or holds nothing that looks personal.\n"
    body = "\n\n\n".join(parts)
    title = f'"""What {label} holds of people: a draft. Read each guess, and take its mark away."""'
    return "\n\n".join([title, _imports(config, body), f"\n{body}\n"])


def _model(model: type[Model]) -> Iterator[str]:
    meta = model._meta
    entry = registry.of(model)
    if meta.proxy or (entry is not None and not entry.origin.startswith(PRESETS)):
        return
    if entry is not None or {meta.label_lower, meta.app_label}.intersection(registry.harmless):
        return
    if meta.auto_created and not any(looks.personal_columns(model)):
        return
    roles = people.guess(model)
    if roles:
        yield _declaration(model, roles)
    elif names := [column.name for column in looks.personal_columns(model)]:
        yield (
            f"# guess: {meta.label} looks personal ({', '.join(names)}), and no path leads to a person.\n"
            f"# Give it a key or an address, or say why it holds nothing personal:\n"
            f'# not_personal("{meta.label}", reason="…")'
        )


def _declaration(model: type[Model], roles: dict[str, people.Guess]) -> str:
    key, sure = policies.guess_purpose(model)
    guessed = fields.guess(model, roles, by_law=policies.kept_by_law(key))
    main = roles.get(people.MAIN, people.Guess())
    clock, needed = policies.guess_clock(model, key, main.user)
    lines = [f"@register({_reference(model)})", f"class {_class_name(model)}(Declaration):"]
    lines += [f'    """{capfirst(str(model._meta.verbose_name_plural))}."""', ""]
    if guessed.personal and not sure:
        lines.append(f'    # guess: kept for "{key}"; name the purpose of your policy that it serves')
    lines += _who(roles)
    if guessed.personal and clock:
        lines.append(f'    clocks = {{"{key}": "{clock}"}}  # guess: what starts the term')
    elif guessed.personal and needed:
        lines.append(f'    # guess: no date starts the term of "{key}": clocks = {{"{key}": "…"}}')
    lines += _fields(key, guessed)
    if guessed.unsure:
        lines.append(f"    # guess: nothing of a person: {', '.join(guessed.unsure)}")
    lines += _names("facts", guessed.facts) + _names("internal", guessed.internal)
    if guessed.keeps:
        lines.append("    at_end = KeepFacts()  # guess: its amounts are what the books are read by")
        lines += _swept_away(model, main)
    lines += _hints(model)
    return "\n".join(lines)


def _who(roles: dict[str, people.Guess]) -> list[str]:
    lines = []
    for guess in roles.values():
        if guess.others:
            lines.append(
                f"    # guess: the first of several paths to an account; others: {', '.join(guess.others)}"
            )
        elif guess.user and people.of_staff(guess.user):
            lines.append("    # guess: is it about whom this key leads to, or did she work on it?")
        if guess.backwards:
            lines.append("    # guess: nothing on the row leads to a person; this path runs backwards")
    if list(roles) == [people.MAIN]:
        return [*lines, f"    who = {_called(roles[people.MAIN])}"]
    lines.append("    people = {  # guess: who they are, and what you call them")
    lines += [f'        "{role}": {_called(guess)},' for role, guess in roles.items()]
    return [*lines, "    }"]


def _called(guess: people.Guess) -> str:
    named = {"user": guess.user, "email": guess.email, "phone": guess.phone, "session": guess.session}
    said = ", ".join(f'{name}="{path}"' for name, path in named.items() if path)
    return f"Who({said})"


def _fields(key: str, guessed: fields.Columns) -> list[str]:
    if not guessed.personal:
        return []
    lines = ["    fields = {"]
    for name, one in guessed.personal.items():
        extra = {
            "of": f'"{one.of}"' if one.of else "",
            "category": one.category,
            "origin": one.origin,
            "export": "False" if one.hidden else "",
        }
        said = "".join(f", {word}={value}" for word, value in extra.items() if value)
        doubt = f"  # guess: {one.why}" if one.why else ""
        lines.append(f'        "{name}": Personal("{key}", erase={one.erase}{said}),{doubt}')
    return [*lines, "    }"]


def _names(what: str, names: Iterable[str]) -> list[str]:
    listed = [f'"{name}"' for name in names]
    if not listed:
        return []
    line = f"    {what} = [{', '.join(listed)}]"
    if len(line) <= 100:
        return [line]
    return [f"    {what} = [", *(f"        {name}," for name in listed), "    ]"]


def _swept_away(model: type[Model], main: people.Guess) -> list[str]:
    word = (main.user or "pk").split("__")[0]
    if word == "pk":
        return []
    key = model._meta.get_field(word)
    if not isinstance(key, ForeignKey) or key.remote_field.on_delete is not CASCADE:
        return []
    if not fields.keeps(key.related_model):
        return [
            f"    # guess: {word} has on_delete=CASCADE, which takes this row along: SET_NULL in the model keeps it"
        ]
    return []


def _hints(model: type[Model]) -> list[str]:
    lines = []
    for column in model._meta.local_concrete_fields:
        if looks.says(column.name, "status, state, statut, etat") and column.choices:
            values = [value for value, _label in column.flatchoices]
            lines.append(
                f"    # guess: is business open on some rows? of {values}:\n"
                f"    # open_business = OpenBusiness(Q({column.name}__in=[…]), at_most=days(60))"
            )
        if looks.says(column.name, "paid at, paid on, date paid, payee le"):
            lines.append(f'    # guess: is this a sale? sales = Sales(paid_at="{column.name}")')
    return lines


def _class_name(model: type[Model]) -> str:
    return (
        "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", model.__name__)) + "Data"
    )


def _reference(model: type[Model]) -> str:
    """How the module names the model: a table that Django made is named by the relation that it was made for."""
    if not model._meta.auto_created:
        return model.__name__
    owner: Any = model._meta.auto_created
    for relation in owner._meta.local_many_to_many:
        if relation.remote_field.through is model:
            return f"{owner.__name__}.{relation.name}.through"
    return model.__name__


def _imports(config: AppConfig, body: str) -> str:
    used = {word for word in (*WORDS, *CATEGORIES) if re.search(rf"\b{word}\b", _code(body))}
    lines = ["from datetime import date", ""] if "date(1900" in body else []
    if from_policy := sorted(used.intersection(CATEGORIES)):
        lines.append(f"from django_rgpd.policy import {', '.join(from_policy)}")
    if from_registry := sorted(
        used.intersection(WORDS), key=lambda word: (not word.isupper(), word.islower(), word)
    ):
        lines.append(f"from django_rgpd.registry import {', '.join(from_registry)}")
    return "\n".join([*lines, *_models(config, body)])


def _models(config: AppConfig, body: str) -> list[str]:
    named = {name.split(".")[0] for name in re.findall(r"^@register\((.+)\)$", body, re.MULTILINE)}
    modules: dict[str, list[str]] = {}
    for model in config.get_models():
        if model.__name__ in named:
            modules.setdefault(model.__module__, []).append(model.__name__)
    return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())]


def _code(body: str) -> str:
    return "\n".join(line.split("  #")[0] for line in body.splitlines() if not line.lstrip().startswith("#"))
