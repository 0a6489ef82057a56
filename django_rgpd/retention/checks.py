"""Checks of the shop's admin: where rows can be in the archive, nobody finds them by accident."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, register

from django_rgpd.core.checks import TAG
from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry import registry
from django_rgpd.registry.checks.messages import caution
from django_rgpd.retention import archive

if TYPE_CHECKING:
    from django.db.models import Model

OURS = "django_rgpd"
"""The library's own tables are shown masked, or by key alone."""


@register(TAG)
def check_admins(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Admins of declared models that show what only the law still needs to everyday staff."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    return list(_findings())


def _findings() -> Iterator[CheckMessage]:
    from django.contrib.admin.sites import all_sites

    from django_rgpd.retention.archive_admin import ArchiveAdminMixin, ArchiveInlineMixin

    for site in sorted(all_sites, key=lambda site: site.name):
        for model, shown in site._registry.items():
            if not isinstance(shown, ArchiveAdminMixin) and _may_fill(model):
                yield _caution(type(shown), model, "ArchiveAdminMixin")
            for inline in shown.inlines:
                if not issubclass(inline, ArchiveInlineMixin) and _may_fill(inline.model):
                    yield _caution(inline, inline.model, "ArchiveInlineMixin")


def _may_fill(model: type[Model]) -> bool:
    entry = registry.of(model._meta.concrete_model or model)
    if entry is None or model._meta.app_label == OURS:
        return False
    try:
        return archive.may_fill(entry)
    except Misconfigured:
        return False  # the policy has no such purpose: E027 says so


def _caution(shown: type[Any], model: type[Model], mixin: str) -> CheckMessage:
    message = f"{shown.__module__}.{shown.__qualname__} shows {model._meta.label} to everyday staff, the archive too."
    hint = f"class {shown.__name__}({mixin}, …): from django_rgpd.retention.archive_admin import {mixin}"
    return caution("W063", model, message, hint)
