"""Presets declare what is installed, by the purposes that the shop names, and give way to the shop's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.test.utils import isolate_apps

from django_rgpd.core import clock
from django_rgpd.registry import DERIVED, KeepFacts, presets, registry
from django_rgpd.registry.checks import check_declarations
from django_rgpd.registry.presets import allauth, auth, authtoken
from django_rgpd.registry.presets.entering import enter

KEPT = "rgpd_identity"
"""A purpose that is in every policy, and that no clock ends."""


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entries", {})
    monkeypatch.setattr(registry, "repeated", [])
    monkeypatch.setattr(registry, "harmless", {})


def declared(label: str) -> Any:
    """The declaration of a model."""
    return registry.entries[apps.get_model(label)].declaration


def test_one_line_declares_djangos_tables_without_a_finding():
    presets.declare(purpose=KEPT)
    labels = {entry.label for entry in registry}
    assert labels == {
        "accounts.User_groups",
        "accounts.User_user_permissions",
        "admin.LogEntry",
        "sessions.Session",
    }
    assert check_declarations(app_configs=None) == []


def test_groups_are_concluded_by_the_shop_and_not_given():
    auth.declare(purpose=KEPT)
    assert declared("accounts.User_groups").fields["group"].origin == DERIVED


def test_sessions_are_internal():
    presets.sessions.declare()
    assert set(declared("sessions.Session").internal) == {"session_data", "expire_date"}


def test_a_column_can_start_the_term():
    auth.declare(purpose="orders", clock="date_joined")
    assert declared("accounts.User_groups").clocks == {"orders": "user__date_joined"}


def test_a_preset_twice_is_one_declaration():
    presets.declare(purpose=KEPT)
    presets.declare(purpose="orders")
    assert declared("accounts.User_groups").fields["group"].purposes == (KEPT,)
    assert registry.repeated == []


@isolate_apps("django.contrib.auth", "django.contrib.contenttypes")
def test_the_default_user_model_is_declared_whole():
    class User(AbstractUser):
        class Meta:
            app_label = "auth"

    auth._user(User, KEPT, {})
    said = registry.entries[User].declaration
    assert set(said.fields) == {"username", "first_name", "last_name", "email", "last_login"}
    assert set(said.internal) == {"password", "is_superuser", "is_staff", "is_active"}


@pytest.mark.django_db
def test_the_log_of_a_customers_account_is_hers_and_of_another_model_is_not():
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    from django_rgpd.registry import people, scope

    presets.admin.declare(purpose=KEPT)
    user = get_user_model()
    staff = user.objects.create_user("staff@example.com")
    customer = user.objects.create_user("marie@example.com")
    about = {"user": staff, "action_flag": CHANGE, "object_id": str(customer.pk), "change_message": ""}
    mine = LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(user), object_repr="marie@example.com", **about
    )
    LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(LogEntry), object_repr="another", **about
    )
    entry = registry.entries[LogEntry]
    subject = people.subject_of(customer, now=clock.now())
    assert list(scope.rows(entry, "customer", subject)) == [mine]
    assert not scope.rows(entry, "staff", subject).exists()


@isolate_apps("example_shop.contact")
def test_apps_that_are_not_here_are_declared_by_their_columns(monkeypatch):
    owner = models.ForeignKey(get_user_model(), models.CASCADE, related_name="+")

    class EmailAddress(models.Model):
        user = owner
        email = models.EmailField(unique=True)
        verified = models.BooleanField()
        primary = models.BooleanField()

        class Meta:
            app_label = "contact"

    class Token(models.Model):
        key = models.CharField(max_length=40, primary_key=True)
        user = models.OneToOneField(get_user_model(), models.CASCADE, related_name="+")
        created = models.DateTimeField()

        class Meta:
            app_label = "contact"

    installed = {"account.EmailAddress": EmailAddress, "authtoken.Token": Token}
    for module in (allauth, authtoken):
        monkeypatch.setattr(module, "installed", installed.get)
        module.declare(purpose=KEPT)
    assert registry.entries[EmailAddress].declaration.facts == ["verified", "primary"]
    assert registry.entries[Token].declaration.fields["user"].export is False
    assert [one for one in check_declarations(app_configs=None) if one.is_serious(40)] == []


def test_columns_that_a_version_lacks_are_left_out():
    model = apps.get_model("wishes.Wish")
    enter(
        model,
        "django_rgpd.registry.presets.wishes",
        "Wishes.",
        people={},
        facts=["note", "colour"],
        at_end=KeepFacts(),
    )
    assert registry.entries[model].declaration.facts == ["note"]
