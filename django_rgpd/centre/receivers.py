"""What the centre tells the rooms below: how guests show who they are, and what a file is not had without."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_rgpd.centre import (
    entrance,  # noqa: F401 - it makes the links of mails when they leave
    identity,
    proving,
)
from django_rgpd.core import clock
from django_rgpd.export import door
from django_rgpd.registry.models import Person


@door.way
def guest(request: HttpRequest, now: datetime) -> Person | None:
    """A guest who opened her page by a mailed link."""
    return identity.guest(request, now=now)


@door.guard
def proven_again(request: HttpRequest, who: door.Asker) -> HttpResponseBase | None:
    """A file is handed over only right after a proof of who is there."""
    found = identity.Visitor(who.person, who.user)
    return None if proving.fresh(request, found, now=clock.now()) else proving.first(request)
