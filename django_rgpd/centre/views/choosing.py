"""The visitor's choices of what is sent to her, by purpose and channel."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from django_rgpd.centre import proving
from django_rgpd.centre.frame import page
from django_rgpd.centre.identity import Visitor, for_visitor
from django_rgpd.core import clock, limits
from django_rgpd.core.errors import BadAddress, Refused, StoreDown
from django_rgpd.marketing import leaving
from django_rgpd.marketing import preferences as choosing


@for_visitor("GET", "POST")
def choices(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    """Show the boxes; save what was changed. Leaving works at once, whatever becomes of the rest."""
    if request.method != "POST":
        return _page(request, found, saved=request.GET.get("saved", ""))
    try:
        asked = _save(request, found)
    except Refused as no:
        return _page(request, found, problem=no.reason, status=409)
    except (StoreDown, BadAddress):
        problem = _("What you added could not be recorded. Please try again later.")
        return _page(request, found, problem=problem, status=503)
    response = redirect("django_rgpd:centre_choices")
    response["Location"] += "?saved=mail" if asked else "?saved=yes"
    return response


def _save(request: HttpRequest, found: Visitor) -> bool:
    """Do what the form says; whether something waits for a click in a mail."""
    how = "account" if found.by_login else "link"
    if "none" in request.POST:
        leaving.refuse_all(found.person, how=how, now=clock.now())
        return False
    if "stop" in request.POST:
        choosing.stop(found.person, request.POST["stop"], how=how, now=clock.now())
        return False
    saved = choosing.save(
        found.person,
        wanted=request.POST.getlist("on"),
        shown=request.POST.getlist("shown"),
        texts=request.POST.getlist("text"),
        how=how,
        now=clock.now(),
        proven=leaving.proven(found.person),
        ip=limits.client_ip(request),
        email=proving.own_address(found) or "",
    )
    return bool(saved.asked)


def _page(
    request: HttpRequest, found: Visitor, *, saved: str = "", problem: object = "", status: int = 200
) -> HttpResponseBase:
    boxes = choosing.choices(found.person, now=clock.now(), proven=leaving.proven(found.person))
    return page(
        request,
        "choices",
        {"visitor": found, "choices": boxes, "saved": saved, "problem": problem},
        status=status,
    )
