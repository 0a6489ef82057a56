"""An admin that would show the archive to everyday staff is named."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import sites

from django_rgpd.retention import checks
from django_rgpd.retention.archive_admin import ArchiveAdminMixin, ArchiveInlineMixin
from example_shop.accounts.models import User
from example_shop.catalogue.models import Product
from example_shop.invoices.models import Invoice


class _Inline(admin.TabularInline):  # type: ignore[type-arg]
    model = Invoice


class _Hidden(ArchiveInlineMixin, admin.TabularInline):  # type: ignore[type-arg]
    model = Invoice


def _plain(*inlines: Any) -> Any:
    return type("PlainAdmin", (admin.ModelAdmin,), {"inlines": inlines})


def _mixed(*inlines: Any) -> Any:
    return type("MixedAdmin", (ArchiveAdminMixin, admin.ModelAdmin), {"inlines": inlines})


@pytest.mark.fault("S08")
@pytest.mark.parametrize(
    ("model", "shown", "ids"),
    [
        (Invoice, _plain(), ["django_rgpd.W063"]),
        (Invoice, _mixed(), []),
        (User, _plain(), []),
        (Product, _plain(), []),
        (Product, _plain(_Inline), ["django_rgpd.W063"]),
        (Product, _mixed(_Hidden), []),
    ],
    ids=["without", "with it", "nothing of the law's", "not declared", "an inline", "an inline with it"],
)
def test_w063_names_an_admin_without_the_mixin(
    monkeypatch: pytest.MonkeyPatch, model: Any, shown: Any, ids: list[str]
) -> None:
    monkeypatch.setattr(sites, "all_sites", set())
    site = admin.AdminSite(name="another")  # enters itself
    site.register(model, shown)
    found = checks.check_admins(app_configs=None)
    assert [one.id for one in found] == ids
    assert all(one.obj is Invoice and one.msg and "Mixin" in str(one.hint) for one in found)


def test_the_example_shop_has_no_such_admin() -> None:
    assert checks.check_admins(app_configs=None) == []
