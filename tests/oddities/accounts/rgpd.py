"""Their declarations; Django's own by its preset."""

from django.contrib.auth import get_user_model

from django_rgpd.registry import Blank, Declaration, Null, Personal, Placeholder, Who, register
from django_rgpd.registry.presets import auth
from tests.oddities.accounts.models import CodeUser, InheritedUser, UuidUser

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


for model, declaration in (
    (UuidUser, UuidUserData),
    (CodeUser, CodeUserData),
    (InheritedUser, InheritedUserData),
):
    if get_user_model() is model:
        register(model)(declaration)
