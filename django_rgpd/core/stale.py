"""A form whose page is older than the session: refused as ever (CSRF), and said so that one can go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import global_settings, settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware

TEMPLATE = "django_rgpd/stale.html"


class _Readable(CsrfViewMiddleware):
    """Django's own check, whose refusal is a page of ours, unless the shop has one (``CSRF_FAILURE_VIEW``)."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseBase:
        refused: HttpResponseBase = super()._reject(request, reason)  # type: ignore[misc]
        if settings.CSRF_FAILURE_VIEW != global_settings.CSRF_FAILURE_VIEW:
            return refused
        return render(request, TEMPLATE, {"again": request.path}, status=403)


def readable(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponse]:
    """``view`` of the admin, checked here instead of by the site's middleware, as strictly; it can be opened by GET as well."""
    checked: Any = decorator_from_middleware(_Readable)(view)
    checked.csrf_exempt = True  # of the middleware alone: ``view`` itself is not
    found: Callable[..., HttpResponse] = checked
    return found
