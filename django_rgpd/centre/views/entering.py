"""The door: asking for a link, opening it, leaving again."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.translation import get_language

from django_rgpd.centre import challenges, entrance, identity, proving
from django_rgpd.centre.forms import AddressForm
from django_rgpd.centre.frame import gone, page, refused
from django_rgpd.core import clock, limits
from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.core.pages import public, takes


@public
@takes("GET", "POST")
def enter(request: HttpRequest) -> HttpResponseBase:
    """Take an address, and answer the same whatever the shop holds under it."""
    if request.method != "POST":
        return redirect("django_rgpd:centre")
    form = AddressForm(request.POST)
    if not form.is_valid():
        return door(request, form)
    entrance.ask_in(
        form.cleaned_data["email"],
        ip=limits.client_ip(request),
        language=get_language() or "",
        now=clock.now(),
    )
    return redirect("django_rgpd:centre_sent")


@public
@takes("GET")
def sent(request: HttpRequest) -> HttpResponseBase:
    """What happens next, whoever asked."""
    return page(request, "sent", {"minutes": challenges.LINK_LIFE.seconds // 60})


@public
@takes("GET", "POST")
def open_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show a button; the button begins the visit. A mail scanner that fetches the page changes nothing."""
    now = clock.now()
    challenge = challenges.standing(challenges.OPENS, token, now=now)
    if challenge is None:
        return gone(request)
    if request.user.is_authenticated or impersonated(request):
        return page(request, "signed_in", status=409)
    if request.method != "POST":
        return page(request, "open")
    try:
        person = entrance.prove(challenge, now=now)
    except Refused as no:
        return refused(request, no)
    identity.open_guest(request, person, now=now)
    proving.mark(request, identity.Visitor(person), now=now)
    return redirect("django_rgpd:centre")


@public
@takes("POST")
def leave(request: HttpRequest) -> HttpResponseBase:
    """End a guest's visit."""
    identity.leave(request)
    return redirect("django_rgpd:centre")


def door(request: HttpRequest, form: AddressForm) -> HttpResponse:
    """The page for who has not shown who they are: log in, or have a link mailed."""
    login = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': proving.way_back(request)})}"
    return page(request, "door", {"form": form, "login": login}, status=400 if form.is_bound else 200)
