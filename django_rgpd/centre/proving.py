"""Proving again who is there before what cannot be undone: by the password, or by a mailed code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from django_rgpd.centre import challenges
from django_rgpd.centre.identity import Visitor
from django_rgpd.core import clock, conf, limits
from django_rgpd.outbox import mail
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Visitor, P], HttpResponseBase]

PROVED = "django_rgpd_proved"
CODE = "django_rgpd_code"

PASSWORDS = ((10, 15 * limits.MINUTE), (40, limits.DAY))
"""Passwords that may be tried for one person: (times, seconds)."""
CODES = ((3, 15 * limits.MINUTE), (10, limits.DAY))
"""Codes that may be mailed for one person: (times, seconds)."""


def proved(page: Page[P]) -> Page[P]:
    """A page that opens only within ``REAUTH_SECONDS`` of a proof; else it leads to the proof and back.

    A form that comes too late is not carried out: the way back leads to the page, which shows it again.
    """

    @wraps(page)
    def inner(request: HttpRequest, found: Visitor, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if fresh(request, found, now=clock.now()):
            return page(request, found, *args, **kwargs)
        return first(request)

    return inner


def first(request: HttpRequest, back: str = "") -> HttpResponseBase:
    """Lead to the proof, and from there to ``back``, this page by default."""
    wanted = urlencode({"next": back or request.path})
    return redirect(f"{reverse('django_rgpd:centre_prove')}?{wanted}")


def fresh(request: HttpRequest, found: Visitor, *, now: datetime) -> bool:
    """Whether this visitor proved within the last ``REAUTH_SECONDS`` seconds, in this session, who she is."""
    mark: dict[str, str] | None = request.session.get(PROVED)
    if mark is None or mark["person"] != str(found.person.uuid):
        return False
    age = now - datetime.fromisoformat(mark["at"])
    return timedelta(0) <= age <= timedelta(seconds=conf.get().REAUTH_SECONDS)


def mark(request: HttpRequest, found: Visitor, *, now: datetime) -> None:
    """Remember in the session that this visitor has just proved who she is."""
    request.session[PROVED] = {"person": str(found.person.uuid), "at": now.isoformat()}
    request.session.pop(CODE, None)


def by_password(request: HttpRequest, found: Visitor, password: str, *, now: datetime) -> bool:
    """Try the account's password. Raises ``StoreDown`` where tries cannot be counted."""
    if found.user is None or not has_password(found):
        return False
    if not limits.allowed("password", str(found.person.uuid), PASSWORDS):
        return False
    if not found.user.check_password(password):
        return False
    mark(request, found, now=now)
    return True


def has_password(found: Visitor) -> bool:
    """Whether a password of this shop can prove the visitor."""
    return found.user is not None and found.user.has_usable_password()


def mail_code(request: HttpRequest, found: Visitor, *, now: datetime) -> bool:
    """Have a code of six digits mailed; False where too many were asked for or there is nowhere to mail it.

    Raises ``StoreDown``.
    """
    if not limits.allowed("code", str(found.person.uuid), CODES):
        return False
    to = own_address(found)
    if to is None and mail.address_of(found.person.uuid) is None:
        return False
    place = challenges.await_code(found.person.uuid, now=now)
    mail.send(
        "centre/code",
        person=found.person.uuid,
        to=to,
        context={"place": str(place)},
        language=get_language() or "",
        now=now,
    )
    request.session[CODE] = str(place)
    return True


def awaits_code(request: HttpRequest) -> bool:
    """Whether a code was mailed to this session."""
    return CODE in request.session


def by_code(request: HttpRequest, found: Visitor, digits: str, *, now: datetime) -> bool:
    """Try a mailed code: only in the session that asked for it, and ``challenges.TRIES`` times."""
    place = request.session.get(CODE)
    if place is None or not challenges.try_code(UUID(place), found.person.uuid, digits, now=now):
        return False
    mark(request, found, now=now)
    return True


def own_address(found: Visitor) -> str | None:
    """The canonical address that the account itself holds, proven or not; None for a guest or without one."""
    return None if found.user is None else people.account_email(found.user)


def way_back(request: HttpRequest) -> str:
    """Where the proof leads: ``next`` where it is a page of this host, else the first page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe and wanted.startswith("/") else reverse("django_rgpd:centre")


@mail.prepares("centre/code")
def _code(context: Mapping[str, object], *, job: Job, now: datetime) -> dict[str, object] | None:
    digits = challenges.code(UUID(str(context["place"])), now=now)
    return None if digits is None else {"code": digits, "minutes": challenges.CODE_LIFE.seconds // 60}
