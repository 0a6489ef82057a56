"""django-allauth's tables: addresses, logins by other sites, second factors, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from django_rgpd.policy import CONTACT, TECHNICAL
from django_rgpd.registry.actions import Blank, EmptyJson, Null, Placeholder, WithRow
from django_rgpd.registry.declaration import DERIVED, GIVEN, OBSERVED, Personal
from django_rgpd.registry.presets.entering import enter, installed
from django_rgpd.registry.who import SUBJECT, Who

if TYPE_CHECKING:
    from django_rgpd.registry.actions import Action


def declare(*, purpose: str) -> None:
    """Declare what of allauth is installed under ``purpose``; every row goes with the account."""

    def kept(action: Action, origin: str = GIVEN, *, export: bool = True) -> Personal:
        return Personal(purpose, erase=action, category=TECHNICAL, origin=origin, export=export)

    secret = kept(WithRow(), DERIVED, export=False)
    tables: list[tuple[str, str, str, dict[str, Personal], list[str], str | None]] = [
        (
            "account.EmailAddress",
            gettext_noop("Your email addresses"),
            "user",
            {"email": Personal(purpose, erase=Placeholder(), category=CONTACT)},
            ["verified", "primary"],
            None,
        ),
        (
            "account.EmailConfirmation",
            gettext_noop("Links by which you prove an address"),
            "email_address__user",
            {"key": kept(Placeholder(), DERIVED, export=False)},
            ["created", "sent"],
            "created",
        ),
        (
            "socialaccount.SocialAccount",
            gettext_noop("Logins by other sites"),
            "user",
            {
                "uid": kept(Placeholder()),
                "extra_data": kept(EmptyJson()),
                "last_login": kept(WithRow(), OBSERVED),
            },
            ["provider", "date_joined"],
            "date_joined",
        ),
        (
            "socialaccount.SocialToken",
            gettext_noop("Keys by which other sites know our requests for you"),
            "account__user",
            {
                "token": kept(Blank(), DERIVED, export=False),
                "token_secret": kept(Blank(), DERIVED, export=False),
            },
            ["expires_at"],
            None,
        ),
        (
            "mfa.Authenticator",
            gettext_noop("Your second factors"),
            "user",
            {"data": secret},
            ["type", "created_at", "last_used_at"],
            "created_at",
        ),
        (
            "usersessions.UserSession",
            gettext_noop("Where you are signed in"),
            "user",
            {
                "ip": kept(_emptied("usersessions.UserSession", "ip"), OBSERVED),
                "user_agent": kept(Blank(), OBSERVED),
                "data": kept(EmptyJson(), OBSERVED),
            },
            ["created_at", "last_seen_at"],
            "last_seen_at",
        ),
    ]
    for label, doc, user, fields, facts, started in tables:
        model = installed(label)
        if model is not None:
            clocks = {purpose: started} if started else {}
            people = {SUBJECT: Who(user=user)}
            enter(
                model,
                __name__,
                f"{doc}.",
                label=_(doc),
                people=people,
                fields=fields,
                facts=facts,
                clocks=clocks,
            )


def _emptied(label: str, column: str) -> Action:
    """NULL where the column may be, else with the row: releases of allauth differ."""
    model = installed(label)
    if model is None:
        return WithRow()
    return Null() if getattr(model._meta.get_field(column), "null", False) else WithRow()
