"""The export's pages: asking for one, seeing how far it is, collecting it; each person sees her own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from django_rgpd.core import clock, limits
from django_rgpd.core.errors import Refused
from django_rgpd.core.pages import public, takes
from django_rgpd.export import collecting, request, storage
from django_rgpd.export.door import Asker, asker, collecting_guard
from django_rgpd.export.models import Document, ExportRequest, ExportState

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Asker, P], HttpResponseBase]

SHOWN = 20
"""How many of the latest requests the page shows."""

_TYPES = {storage.JSON: "application/json", storage.ZIP: "application/zip"}


def for_asker(*methods: str) -> Callable[[Page[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let a page take ``methods`` and hand it who asks; whoever has not shown it is led to the door."""

    def decorate(page: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @public
        @takes(*methods)
        @wraps(page)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                who = asker(request, now=clock.now())
                if who is None:
                    # Not the login at once: guests have no account, and show at this door that an address is theirs.
                    return redirect_to_login(request.get_full_path(), reverse("django_rgpd:centre"))
                return page(request, who, *args, **kwargs)
            except Refused as no:
                return _message(request, str(no.reason), status=403)

        return inner

    return decorate


@for_asker("GET", "POST")
def exports(http: HttpRequest, who: Asker) -> HttpResponseBase:
    """GET lists the person's exports; POST asks for one more (``document``: access or portability)."""
    now = clock.now()
    if http.method == "POST":
        wanted = http.POST.get("document", "")
        if wanted not in Document.values:
            return _message(http, _("There is no such document."), status=400)
        request.ask(who.person, wanted, user=who.user, now=now)
        return redirect("django_rgpd:export")
    context = {
        "exports": [_line(one) for one in request.of(who.person)[:SHOWN]],
        "documents": [_choice(one) for one in (Document.ACCESS, Document.PORTABILITY)],
    }
    return render(http, "django_rgpd/export/exports.html", context)


@for_asker("GET", "POST")
def collect(http: HttpRequest, who: Asker, uuid: UUID) -> HttpResponseBase:
    """GET shows one export, POST hands its file over; another person's is a page that is not there."""
    one = request.of(who.person).filter(uuid=uuid).first()
    if one is None:
        raise Http404
    if one.state not in {ExportState.WAITING, ExportState.READY}:
        return _over(http)
    if http.method != "POST" or one.state == ExportState.WAITING:
        now = clock.now()
        if one.state == ExportState.READY and (one.expires_at is None or one.expires_at <= now):
            return _over(http)
        return render(http, "django_rgpd/export/export.html", {"export": _line(one)})
    return collecting_guard(http, who) or _hand_over(http, one)


def _hand_over(http: HttpRequest, one: ExportRequest) -> HttpResponseBase:
    now = clock.now()
    try:
        file = collecting.collect(one, ip=limits.client_ip(http), now=now)
    except collecting.Over:
        return _over(http)
    extension = one.name.rpartition(".")[2]
    day = clock.legal_day(one.ready_at or now)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{one.document}-{day.isoformat()}.{extension}",
        content_type=_TYPES[extension],
        headers={"Content-Length": str(one.size)},
    )


def _line(one: ExportRequest) -> dict[str, object]:
    over = one.state == ExportState.READY and (one.expires_at is None or one.expires_at <= clock.now())
    return {
        "uuid": one.uuid,
        "document": Document(one.document).label,
        "state": ExportState.EXPIRED.label if over else ExportState(one.state).label,
        "ready": one.state == ExportState.READY and not over,
        "asked_at": one.asked_at,
        "expires_at": one.expires_at,
        "size": one.size,
    }


def _choice(document: Document) -> dict[str, str]:
    about = {
        Document.ACCESS: _("All that we hold about you: what for, on which basis, how long, for whom."),
        Document.PORTABILITY: _("What you gave us and did here, for you to take to another service."),
    }
    return {"value": document.value, "label": str(document.label), "about": about[document]}


def _over(http: HttpRequest) -> HttpResponse:
    text = _("This export cannot be collected any more. You can ask for a new one at any time.")
    return _message(http, text, status=410)


def _message(http: HttpRequest, text: str, *, status: int) -> HttpResponse:
    return render(http, "django_rgpd/export/message.html", {"text": text}, status=status)
