"""Who is on the customer's page: an account that is logged in, or a guest whose address was just proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from django_rgpd.centre.frame import refused
from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.core.pages import public, takes
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

P = ParamSpec("P")

GUEST = "django_rgpd_guest"
GUEST_STAYS = timedelta(minutes=15)
"""How long a guest may stay after the click on the mailed link."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person on the page, with her account where she came by login."""

    person: Person
    user: AbstractBaseUser | None = None

    @property
    def by_login(self) -> bool:
        """Whether she came by login rather than by a mailed link."""
        return self.user is not None


Page = Callable[Concatenate[HttpRequest, Visitor, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def visitor(request: HttpRequest, *, now: datetime) -> Visitor | None:
    """Who is on the page; None where nobody showed who they are.

    A login comes before a guest's visit: what is done then is done for the account.
    Raises ``Refused`` while a member of staff acts as somebody else.
    """
    if impersonated(request):
        raise Refused(_("You are acting as somebody else. Their data and their choices are theirs alone."))
    if request.user.is_authenticated:
        return Visitor(people.standing_for(people.person_of(request.user, now=now)), request.user)
    person = guest(request, now=now)
    return Visitor(person) if person else None


def open_guest(request: HttpRequest, person: Person, *, now: datetime) -> None:
    """Begin a guest's visit: a mark in the session that ends by itself after ``GUEST_STAYS``."""
    request.session.cycle_key()
    request.session[GUEST] = {"person": str(person.uuid), "until": (now + GUEST_STAYS).isoformat()}


def leave(request: HttpRequest) -> None:
    """End a guest's visit."""
    request.session.pop(GUEST, None)


def guest(request: HttpRequest, *, now: datetime) -> Person | None:
    """Whose page a mailed link opened in this session, while the visit lasts."""
    mark: dict[str, str] | None = request.session.get(GUEST)
    if mark is None or datetime.fromisoformat(mark["until"]) <= now:
        return None
    person = people.by_uuid(UUID(mark["person"]))
    return person if person is not None and person.erased_at is None else None


def for_visitor(*methods: str) -> Callable[[Page[P]], View[P]]:
    """Let a page take ``methods`` and hand it its visitor; whoever has not shown who they are sees the door.

    A page that raises ``Refused`` answers 403 with the reason.
    """

    def decorate(page: Page[P]) -> View[P]:
        @public
        @takes(*methods)
        @wraps(page)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                found = visitor(request, now=clock.now())
                if found is None:
                    return redirect_to_login(request.get_full_path(), reverse("django_rgpd:centre"))
                return page(request, found, *args, **kwargs)
            except Refused as no:
                return refused(request, no)

        return inner

    return decorate
