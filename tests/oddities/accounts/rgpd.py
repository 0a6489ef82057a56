"""Their declarations; Django's own by its preset."""

from django.contrib.auth import get_user_model

from django_rgpd.registry import Blank, Declaration, Null, Personal, Placeholder, Who, register
from django_rgpd.registry.presets import auth
from tests.oddities.accounts.models import Card, CardUser, CodeUser, InheritedUser, UuidUser

auth.declare(purpose="account", clock="date_joined")


class UuidUserData(Declaration):
    """Accounts."""

    who = Who(user="pk")
    clocks = {"account": "last_login"}
    contacts = ("last_login",)
    fields = {
        "email": Personal("account", erase=Placeholder()),
        "last_login": Personal("account", erase=Null()),
    }
    internal = ["password"]


class CodeUserData(Declaration):
    """Accounts."""

    who = Who(user="pk")
    clocks = {"account": "last_login"}
    contacts = ("last_login",)
    fields = {
        "mail_address": Personal("account", erase=Placeholder()),
        "last_login": Personal("account", erase=Null()),
    }
    internal = ["password"]


class InheritedUserData(Declaration):
    """Accounts."""

    who = Who(user="pk")
    clocks = {"account": "last_login"}
    contacts = ("last_login",)
    fields = {
        "email": Personal("account", erase=Placeholder()),
        "display_name": Personal("account", erase=Blank()),
        "last_login": Personal("account", erase=Null()),
    }
    internal = ["password"]


class CardUserData(Declaration):
    """Accounts."""

    who = Who(user="pk")
    clocks = {"account": "last_login"}
    contacts = ("last_login",)
    fields = {
        "email": Personal("account", erase=Placeholder()),
        "last_login": Personal("account", erase=Null()),
    }
    internal = ["card", "password"]


class CardData(Declaration):
    """Cards, which outlive the account's row where something kept refers to that."""

    who = Who(user="carduser")
    clocks = {"account": "carduser__last_login"}
    fields = {
        "number": Personal("account", erase=Blank()),
        "display_name": Personal("account", erase=Blank()),
    }


if get_user_model() is CardUser:
    register(Card)(CardData)

for model, declaration in (
    (UuidUser, UuidUserData),
    (CardUser, CardUserData),
    (CodeUser, CodeUserData),
    (InheritedUser, InheritedUserData),
):
    if get_user_model() is model:
        register(model)(declaration)
