"""What answers of the customer's page have in common."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from django_rgpd.core.errors import Refused


def page(
    request: HttpRequest, name: str, context: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """The page ``name`` of this room."""
    return render(request, f"django_rgpd/centre/{name}.html", dict(context or {}), status=status)


def refused(request: HttpRequest, no: Refused) -> HttpResponse:
    """403, and why, in words for the person who asked."""
    return page(request, "refused", {"reason": no.reason}, status=403)


def gone(request: HttpRequest) -> HttpResponse:
    """404, the same for every link that does not work, whatever is wrong with it."""
    return page(request, "gone", status=404)
