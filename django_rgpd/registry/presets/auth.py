"""Django's accounts: the default user model, and the tables that put any user into groups and give permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ManyToManyField
from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import CONTACT, TECHNICAL
from django_rgpd.registry.actions import Blank, Null, Placeholder, WithRow
from django_rgpd.registry.declaration import DERIVED, OBSERVED, Personal
from django_rgpd.registry.presets.entering import enter
from django_rgpd.registry.who import SUBJECT, Who

if TYPE_CHECKING:
    from django.db.models import Model

DEFAULT_USER = "auth.User"


def declare(*, purpose: str, clock: str | None = None) -> None:
    """Declare the accounts under ``purpose``.

    A user model of the shop's own is the shop's to declare; of it only the links to groups and permissions are declared here.
    ``clock``: the column that starts the term, where the purpose's clock is a column ("date_joined").
    """
    user = get_user_model()
    clocks = {purpose: clock} if clock else {}
    if user._meta.label == DEFAULT_USER:
        _user(user, purpose, clocks)
    for name in ("groups", "user_permissions"):
        _link(user, name, purpose, clock)


def _user(user: type[Model], purpose: str, clocks: dict[str, str]) -> None:
    enter(
        user,
        __name__,
        "Your account.",
        label=_("Your account"),
        people={SUBJECT: Who(user="pk")},
        clocks=clocks,
        contacts=["date_joined", "last_login"],
        fields={
            "username": Personal(purpose, erase=Placeholder()),
            "first_name": Personal(purpose, erase=Blank()),
            "last_name": Personal(purpose, erase=Blank()),
            "email": Personal(purpose, erase=Blank(), category=CONTACT),
            "last_login": Personal(purpose, erase=Null(), category=TECHNICAL, origin=OBSERVED),
        },
        facts=["date_joined"],
    )


def _link(user: type[Model], name: str, purpose: str, clock: str | None) -> None:
    """What the shop concluded about the person (art. 20 leaves it out), and goes with her row."""
    try:
        field = user._meta.get_field(name)
    except FieldDoesNotExist:
        return
    if not isinstance(field, ManyToManyField):
        return
    through = field.remote_field.through
    if through is None or not through._meta.auto_created:
        return
    own, other = field.m2m_field_name(), field.m2m_reverse_field_name()
    enter(
        through,
        __name__,
        "Your groups and permissions.",
        label=_("Your groups and permissions"),
        people={SUBJECT: Who(user=own)},
        clocks={purpose: f"{own}__{clock}"} if clock else {},
        fields={
            other: Personal(
                purpose, erase=WithRow(), category=TECHNICAL, origin=DERIVED, label=_("group or permission")
            )
        },
    )
