"""The language of an answer: that of the page or mail that led here, which may be another one than the browser's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from django_rgpd.core import pages

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
LANGUAGE = "language"
"""The name of the form's field, and of the URL's parameter, that says it."""


def answer(language: object, make: Callable[[], R]) -> R:
    """What ``make`` returns, rendered in ``language`` where that is one of the site's, and labelled so."""
    if language not in dict(settings.LANGUAGES):
        return make()
    with translation.override(str(language)):
        response = make()
    response.headers.setdefault("Content-Language", str(language))  # LocaleMiddleware leaves what it finds
    return response


def as_asked(
    view: Callable[Concatenate[HttpRequest, P], R],
) -> Callable[Concatenate[HttpRequest, P], R]:
    """A view that answers in the language that its form or URL names."""

    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
        told = pages.form(request) if request.method == "POST" else request.GET
        named = None if told is None else told.get(LANGUAGE)
        return answer(named, lambda: view(request, *args, **kwargs))

    return inner
