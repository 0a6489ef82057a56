"""The page on which a person answers the warning that her account is about to end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_rgpd.core import clock, links, pages, spoken
from django_rgpd.core.errors import BadLink
from django_rgpd.retention import accounts


@pages.public
@pages.takes("GET", "POST")
@spoken.as_reader(accounts.language)
def keep_account(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button; POST keeps the account: mail scanners open links, and are nobody's contact."""
    try:
        links.read(accounts.KEEP, token)
        if request.method == "POST":
            accounts.keep(token, now=clock.now())
    except BadLink:
        return render(request, "django_rgpd/retention/over.html", status=404)
    return render(request, "django_rgpd/retention/keep_account.html", {"kept": request.method == "POST"})
