"""Card numbers are the payment provider's alone; whoever adds a column for one is told by ``manage.py check``."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import models

from django_rgpd.core.checks import TAG
from django_rgpd.registry import looks


@pytest.fixture
def till():
    """A table that somebody adds to the shop for cards and bank accounts."""
    meta = type("Meta", (), {"app_label": "payments"})
    columns = {"card_number": models.CharField(max_length=19), "iban": models.CharField(max_length=34)}
    yield type("Till", (models.Model,), {"__module__": __name__, "Meta": meta, **columns})
    apps.all_models["payments"].pop("till")
    apps.clear_cache()


@pytest.mark.promise("P05")
def test_the_shop_has_no_column_for_a_card_or_a_bank_account():
    shop = [model for model in apps.get_models() if model.__module__.startswith("example_shop.")]
    columns = [column for model in shop for column in model._meta.concrete_fields]
    assert columns
    assert [str(one) for one in columns if looks.is_card(one) or looks.is_bank(one)] == []


@pytest.mark.promise("P05")
def test_a_column_for_a_card_or_a_bank_account_is_reported(till):
    said = StringIO()
    call_command("check", tags=[TAG], stderr=said)
    assert "django_rgpd.W055" in said.getvalue()
    assert "django_rgpd.W056" in said.getvalue()


@pytest.mark.promise("P05")
def test_a_shop_that_says_it_is_complete_does_not_start_with_one(till, settings):
    settings.RGPD = {**settings.RGPD, "COMPLETE": True}
    with pytest.raises(SystemCheckError, match="E055"):
        call_command("check", tags=[TAG])
