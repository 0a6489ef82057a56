"""The language of an answer: that of the page, mail or reader that led here, which may be another one than the browser's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from django_rgpd.core import pages
from django_rgpd.core.errors import BadLink

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


def chosen(request: HttpRequest) -> str:
    """The language that the visitor chose here herself, by Django's cookie; empty where she did not."""
    try:
        return translation.get_supported_language_variant(
            request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        )
    except LookupError:
        return ""


def as_reader(
    language_of: Callable[P, str],
) -> Callable[[Callable[Concatenate[HttpRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """A view behind a link that answers in the language of whom the link is for, as the mail did that holds it.

    What she chose here herself goes before. ``language_of`` gets what the view gets, and may raise ``BadLink``; where it knows
    nothing, it is the browser's.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, P], R]) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            language = chosen(request)
            with suppress(BadLink):
                language = language or language_of(*args, **kwargs)
            return answer(language, lambda: view(request, *args, **kwargs))

        return inner

    return decorate
