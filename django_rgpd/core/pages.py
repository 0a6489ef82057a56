"""What every page of ours has in common: headers, methods, bodies, and who may come in."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required, login_required
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotAllowed,
    QueryDict,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
"""The content types of a form."""

STRICT_ORIGIN = "strict-origin"
NO_REFERRER = "no-referrer"

_TEXT = "text/plain; charset=utf-8"
_UNREADABLE = (
    RequestDataTooBig,
    SuspiciousOperation,  # too many fields or files among them
    MultiPartParserError,
    UnreadablePostError,
    BadRequest,
)


def seal(response: HttpResponseBase, *, referrer: str = STRICT_ORIGIN) -> None:
    """Keep a page out of caches, frames, search engines, and its URL out of other sites' logs."""
    add_never_cache_headers(response)
    response.headers["Cache-Control"] = "private, no-store, max-age=0"
    response.headers["Referrer-Policy"] = referrer
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    if not getattr(settings, "SECURE_CSP", None):  # Django 6's middleware leaves a header alone that it finds
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")


def sealed(view: View[P], *, referrer: str = STRICT_ORIGIN) -> View[P]:
    """A view whose responses are sealed.

    The default referrer policy is ``strict-origin``: no path leaves either, and under ``no-referrer`` Chrome
    sends ``Origin: null`` with a form, which Django's CSRF protection refuses. Pages without a form, or whose
    form is exempt because its token is the credential, pass ``no-referrer``.
    """

    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        seal(response, referrer=referrer)
        return response

    return inner


def takes(*methods: str, any_body: bool = False) -> Callable[[View[P]], View[P]]:
    """Let only ``methods`` in (``GET`` brings ``HEAD``), with a form as body that can be read.

    ``any_body``: whatever the body is, for a view that needs none of it, and looks at it by ``form`` alone.
    Answers 405, 415 and 400 itself, never 500.
    """
    accepted = {*methods, "HEAD"} if "GET" in methods else set(methods)

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            refused = _refused(request, accepted, any_body=any_body)
            return view(request, *args, **kwargs) if refused is None else refused

        return inner

    return decorate


def public(view: View[P]) -> View[P]:
    """A sealed view that nobody has to log in for, under ``LoginRequiredMiddleware`` too.

    What is posted to it stays out of error reports.
    """
    open_view: View[P] = login_not_required(sealed(sensitive_post_parameters()(view)))
    return open_view


def private_page(view: View[P]) -> View[P]:
    """A sealed view for who is logged in; what is posted to it stays out of error reports."""
    guarded: View[P] = login_required(sensitive_post_parameters()(view))
    return sealed(guarded)


def form(request: HttpRequest) -> QueryDict | None:
    """What was posted, empty where there is no body; None for a body that is no form, or cannot be read."""
    if _no_form(request):
        return None
    try:
        request.FILES  # noqa: B018 - read here as well, so that an upload that cannot be read never reaches the view
        return request.POST
    except _UNREADABLE:
        return None


def _no_form(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH") not in {None, "", "0"} and request.content_type not in FORMS


def _refused(request: HttpRequest, accepted: Collection[str], *, any_body: bool) -> HttpResponse | None:
    if request.method not in accepted:
        return HttpResponseNotAllowed(sorted(accepted))
    if any_body or request.method in {"GET", "HEAD", "OPTIONS"}:
        return None
    if _no_form(request):
        return HttpResponse("This page reads forms only.", status=415, content_type=_TEXT)
    if form(request) is None:
        return HttpResponseBadRequest(b"This form cannot be read.", content_type=_TEXT)
    return None


@method_decorator(sealed, name="dispatch")
class SealedMixin:
    """Put before a class-based view: its responses are sealed."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Leave to Django's view."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


@method_decorator(public, name="dispatch")
class PublicMixin:
    """Put before a class-based view: sealed, and open to everybody."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Leave to Django's view."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


@method_decorator(private_page, name="dispatch")
class PrivateMixin:
    """Put before a class-based view: sealed, and for who is logged in."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Leave to Django's view."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response
