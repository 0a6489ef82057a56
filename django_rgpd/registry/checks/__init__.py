"""System checks of the policy and the declarations; their ids are permanent (docs/reference/checks.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, register

from django_rgpd.core.checks import TAG
from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import Policy, current
from django_rgpd.registry.checks import fields, policies, references, roads, tables, undeclared
from django_rgpd.registry.checks.messages import error
from django_rgpd.registry.site import registry

__all__ = ["check_declarations", "check_models", "check_policy"]


@register(TAG)
def check_policy(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """What is wrong with the policy by itself, and terms outside the usual limits."""
    policy = _policy()
    if policy is not None:
        return list(policies.findings(policy))
    return list(_no_policy())


@register(TAG)
def check_declarations(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """What is wrong with each declaration: one that cannot be followed or carried out is an error."""
    policy = _policy()
    found = list(tables.repeated())
    for entry in registry:
        found += tables.findings(entry)
        found += roads.findings(entry)
        found += fields.findings(entry, policy)
        found += references.findings(entry, policy)
    return found


@register(TAG)
def check_models(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Models of any installed app that look personal and are not declared; cards and bank accounts."""
    return list(undeclared.findings())


def _policy() -> Policy | None:
    try:
        return current()
    except Misconfigured:
        return None


def _no_policy() -> Iterator[CheckMessage]:
    """The policy's own check of the settings says what is missing or cannot be imported."""
    try:
        current()
    except Misconfigured as problem:
        if "not a Policy" in str(problem):
            hint = "Name the Policy itself, not its module or a function that makes it."
            yield error("E020", 'RGPD["POLICY"]', str(problem), hint)
