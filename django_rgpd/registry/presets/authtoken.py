"""Tokens of Django REST framework: a secret an account; it goes with the account and no export shows it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import TECHNICAL
from django_rgpd.registry.actions import WithRow
from django_rgpd.registry.declaration import DERIVED, Personal
from django_rgpd.registry.presets.entering import enter, installed
from django_rgpd.registry.who import SUBJECT, Who


def declare(*, purpose: str) -> None:
    """Declare the tokens under ``purpose``."""
    model = installed("authtoken.Token")
    if model is None:
        return
    enter(
        model,
        __name__,
        "Tokens by which programs act for you.",
        label=_("Tokens by which programs act for you"),
        people={SUBJECT: Who(user="user")},
        clocks={purpose: "created"},
        fields={"user": Personal(purpose, erase=WithRow(), category=TECHNICAL, origin=DERIVED, export=False)},
        facts=["created"],
    )
