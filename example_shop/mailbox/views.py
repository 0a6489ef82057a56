"""The mailbox's pages; they exist only where mails are kept on this machine."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from example_shop.mailbox import received

MOST = 50


@require_safe
@never_cache
def mails(request: HttpRequest) -> HttpResponse:
    """The latest mails; ``to`` limits them to one address."""
    _demonstration_only()
    wanted = request.GET.get("to", "").strip().lower()
    found = []
    for name in received.names():
        mail = received.read(name)
        if mail and (not wanted or wanted in mail.to.lower()):
            found.append(mail)
        if len(found) == MOST:
            break
    return render(request, "mailbox/list.html", {"mails": found, "to": wanted})


@require_safe
@never_cache
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail, its links ready to be clicked."""
    _demonstration_only()
    found = received.read(name)
    if found is None:
        raise Http404
    return render(request, "mailbox/mail.html", {"mail": found})


def _demonstration_only() -> None:
    if not (settings.DEBUG and received.kept_here()):
        raise Http404
