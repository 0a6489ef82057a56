"""Who asks for an export, and what she must show before she collects it; rooms above may know more ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.registry import people
from django_rgpd.registry.models import Person


@dataclass(frozen=True, slots=True)
class Asker:
    """The person who asks, with her account where she came by login."""

    person: Person
    user: AbstractBaseUser | None = None


Way: TypeAlias = Callable[[HttpRequest, datetime], Person | None]
Guard: TypeAlias = Callable[[HttpRequest, Asker], HttpResponseBase | None]

_ways: list[Way] = []
_guards: list[Guard] = []


def way(found: Way) -> Way:
    """Register (as a decorator) another way than a login by which a request shows whose it is."""
    if found not in _ways:
        _ways.append(found)
    return found


def guard(asked: Guard) -> Guard:
    """Register (as a decorator) what is asked before a file is handed over: a response, or None."""
    if asked not in _guards:
        _guards.append(asked)
    return asked


def asker(request: HttpRequest, *, now: datetime) -> Asker | None:
    """Who asks; None where nobody showed who they are.

    Raises ``Refused`` while a member of staff acts as somebody else (art. 15 is the person's own).
    """
    if impersonated(request):
        raise Refused(_("You are acting as somebody else. Their data is theirs alone."))
    user = getattr(request, "user", None)
    if isinstance(user, AbstractBaseUser) and user.is_authenticated:
        return Asker(people.standing_for(people.person_of(user, now=now)), user)
    found = next((person for one in _ways if (person := one(request, now)) is not None), None)
    return None if found is None or found.erased_at is not None else Asker(found)


def collecting_guard(request: HttpRequest, who: Asker) -> HttpResponseBase | None:
    """What keeps ``who`` from collecting now, of the first guard (a page that wants a proof), or None."""
    return next((answer for one in _guards if (answer := one(request, who)) is not None), None)
