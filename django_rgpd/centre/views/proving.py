"""The page that asks once more who is there."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from django_rgpd.centre import proving
from django_rgpd.centre.forms import CodeForm, PasswordForm
from django_rgpd.centre.frame import page
from django_rgpd.centre.identity import Visitor, for_visitor
from django_rgpd.core import clock
from django_rgpd.core.errors import StoreDown


@sensitive_post_parameters("password", "code")
@for_visitor("GET", "POST")
def prove(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    """Take a password or a mailed code, then go where the visitor wanted."""
    ways = {"password": _by_password, "code": _by_code, "mail": _mail}
    way = ways.get(request.POST.get("way", ""))
    if way is None:
        return _page(request, found, status=400 if request.method == "POST" else 200)
    try:
        return way(request, found)
    except StoreDown:
        return _page(
            request, found, problem=_("This does not work at the moment. Try again later."), status=503
        )


def _by_password(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    form = PasswordForm(request.POST)
    if form.is_valid():
        if proving.by_password(request, found, form.cleaned_data["password"], now=clock.now()):
            return redirect(proving.way_back(request))
        form.add_error("password", _("This is not the password, or it was tried too often."))
    return _page(request, found, password=form, status=400)


def _by_code(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    form = CodeForm(request.POST)
    if form.is_valid():
        if proving.by_code(request, found, form.cleaned_data["code"], now=clock.now()):
            return redirect(proving.way_back(request))
        form.add_error("code", _("This is not the code, or it is too old. You can have a new one sent."))
    return _page(request, found, code=form, status=400)


def _mail(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    if proving.mail_code(request, found, now=clock.now()):
        return proving.first(request, back=proving.way_back(request))
    problem = _("No more codes can be sent for now. Wait a quarter of an hour, then try again.")
    return _page(request, found, problem=problem, status=429)


def _page(
    request: HttpRequest,
    found: Visitor,
    *,
    password: PasswordForm | None = None,
    code: CodeForm | None = None,
    problem: str = "",
    status: int,
) -> HttpResponseBase:
    context = {
        "visitor": found,
        "password": (password or PasswordForm()) if proving.has_password(found) else None,
        "code": (code or CodeForm()) if proving.awaits_code(request) else None,
        "next": proving.way_back(request),
        "problem": problem,
    }
    return page(request, "prove", context, status=status)
