"""Models and policies made for one test, and the findings of the checks about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from django_rgpd.policy import Contract, Controller, Policy, Purpose, years
from django_rgpd.registry import Declaration, Entry, checks, registry

ACCOUNT = Purpose("account", "Your account", bases=[Contract()], term=years(2))


def a_policy(*purposes: Purpose, **values: Any) -> Policy:
    """A policy of those purposes."""
    values.setdefault("controller", Controller(name="A shop", email="privacy@example.com"))
    return Policy(version=date(2026, 1, 1), purposes=list(purposes), **values)


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The registry, empty; and the policy of one purpose that the checks read."""
    monkeypatch.setattr(registry, "entries", {})
    monkeypatch.setattr(registry, "repeated", [])
    monkeypatch.setattr(registry, "harmless", {})
    monkeypatch.setattr(checks, "current", lambda: a_policy(ACCOUNT))
    return registry


@pytest.fixture
def promise(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the policy that the checks read."""

    def promise(*purposes: Purpose, **values: Any) -> None:
        monkeypatch.setattr(checks, "current", lambda: a_policy(*purposes, **values))

    return promise


@pytest.fixture
def a_model() -> Iterator[Callable[..., Any]]:
    """Makes models that all installed models are read with, and takes them out again."""
    made: list[str] = []

    def make(
        name: str, /, *, meta: dict[str, Any] | None = None, base: Any = models.Model, **body: Any
    ) -> Any:
        options = type("Meta", (), {"app_label": "wishes", **(meta or {})})
        found = type(name, (base,), {"__module__": __name__, "Meta": options, **body})
        made.append(name.lower())
        for one in found._meta.local_many_to_many:
            made.append(one.remote_field.through._meta.model_name)
        return found

    yield make
    for name in made:
        apps.all_models["wishes"].pop(name, None)
    apps.clear_cache()


@pytest.fixture
def declare() -> Callable[..., Entry]:
    """Declares a model by the attributes of a declaration."""

    def declare(model: Any, **attributes: Any) -> Entry:
        registry.add(model, type("Data", (Declaration,), {"__module__": __name__, **attributes}))
        return registry.entries[model]

    return declare


@pytest.fixture
def found() -> Callable[..., list[str]]:
    """The ids that the checks of declarations find; each says where, what and what to do."""

    def found(check: Any = checks.check_declarations, about: str = "") -> list[str]:
        messages = check(app_configs=None)
        assert all(one.msg and one.hint and one.obj for one in messages)
        assert all(about in str(one) for one in messages if about)
        return [str(one.id).removeprefix("django_rgpd.") for one in messages]

    return found
