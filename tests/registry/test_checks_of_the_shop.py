"""The example shop and the library itself are declared as the checks ask."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command

from django_rgpd.core.checks import TAG
from django_rgpd.registry import registry


def test_nothing_is_found_in_the_example_shop(settings):
    settings.RGPD = {**settings.RGPD, "COMPLETE": True}
    call_command("check", tags=[TAG], fail_level="WARNING")


def test_every_table_of_the_library_is_declared_or_answered_for():
    silent = [
        model._meta.label
        for model in apps.get_app_config("django_rgpd").get_models()
        if registry.of(model) is None and model._meta.label_lower not in registry.harmless
    ]
    assert silent == []


@pytest.mark.parametrize("label", ["accounts.User_groups", "admin.LogEntry", "sessions.Session"])
def test_djangos_own_tables_are_declared_by_presets(label):
    entry = registry.entries[apps.get_model(label)]
    assert entry.origin.startswith("django_rgpd.registry.presets.")
