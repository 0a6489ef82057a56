"""The marketing pages: signing up and confirming, leaving, taking it back, choosing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from django_rgpd.core import clock, limits, pages, spoken
from django_rgpd.core.errors import BadLink, Refused, StoreDown
from django_rgpd.marketing import double_optin, going_on, leaving, preferences
from django_rgpd.marketing.forms import NewsletterForm
from django_rgpd.registry.models import Person

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def by_link(view: View[P]) -> View[P]:
    """A page whose token, in its URL, is the credential: no login and no CSRF token.

    Its referrer policy is ``strict-origin``, which tells the token to nobody either: under ``no-referrer`` the
    other forms in a shop's frame would be refused on it.
    """
    opened: View[P] = csrf_exempt(pages.public(view))
    return opened


@pages.public
@pages.takes("GET", "POST")
@sensitive_post_parameters()
@sensitive_variables()
@spoken.as_asked
def newsletter(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends; the answer is the same whoever's address it is."""
    now = clock.now()
    if request.method != "POST":
        return _newsletter_page(request, NewsletterForm(now=now))
    form = NewsletterForm(request.POST, now=now)
    if not form.is_valid():
        return _newsletter_page(request, form)
    if not form.from_a_program:
        try:
            double_optin.ask(
                form.cleaned_data["email"],
                form.agreed,
                now=now,
                form="newsletter",
                language=form.language,
                ip=limits.client_ip(request),
            )
        except StoreDown:
            form.add_error(None, _("Signing up does not work at the moment. Please try again later."))
            return _newsletter_page(request, form, status=503)
    return redirect(
        f"{reverse('django_rgpd:newsletter_asked')}?{urlencode({spoken.LANGUAGE: form.language})}"
    )


@pages.public
@pages.takes("GET")
@spoken.as_asked
def newsletter_asked(request: HttpRequest) -> HttpResponse:
    """What happens next, whoever asked, in the language in which she did."""
    return render(request, "django_rgpd/marketing/asked.html")


@by_link
@pages.takes("GET", "POST")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what is to be confirmed, POST confirms: mail scanners open links, and must confirm nothing.

    The page is in the language of the mail that led to it, unless she chose another one here.
    """
    now = clock.now()
    try:
        if request.method == "POST":
            asked, page = double_optin.confirm(token, now=now), "confirmed"
        else:
            asked = double_optin.look(token, now=now)
            page = "confirmed" if asked.confirmed else "confirm"
    except BadLink:
        return render(request, "django_rgpd/marketing/over.html", status=404)
    template = f"django_rgpd/marketing/{page}.html"
    language = spoken.chosen(request) or asked.language
    return spoken.answer(language, lambda: render(request, template, {"asked": asked}))


@by_link
@pages.takes("GET", "POST", any_body=True)
@spoken.as_reader(leaving.language)
def unsubscribe(request: HttpRequest, purpose: str, channel: str, token: str) -> HttpResponse:
    """GET shows a button; POST leaves at once, from the page or by one click of a mail program (RFC 8058, 3.2).

    The URL says who leaves what, so a body that cannot be read keeps nobody.
    """
    now = clock.now()
    posted = pages.form(request) if request.method == "POST" else None
    one_click = posted is not None and posted.get("List-Unsubscribe") == "One-Click"
    try:
        left = leaving.look(purpose, channel, token, now=now)
        if request.method == "POST":
            left = leaving.leave(purpose, channel, token, one_click=one_click, now=now)
    except BadLink:
        return render(request, "django_rgpd/marketing/over.html", status=404)
    if request.method == "POST" and (one_click or posted is None):  # a program asks, and reads no page
        return HttpResponse(_("You are unsubscribed."), content_type="text/plain; charset=utf-8")
    return render(request, "django_rgpd/marketing/unsubscribe.html", {"left": left})


@by_link
@pages.takes("GET", "POST")
@spoken.as_reader(going_on.language)
def go_on(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what the mail asked, POST goes on; whatever a scanner opens, silence ends it."""
    now, context, status = clock.now(), {}, 200
    try:
        if request.method == "POST":
            asked = going_on.go_on(token, reference=request.POST.get("text", ""), now=now)
        else:
            asked = going_on.look(token, now=now)
    except preferences.TextChanged as changed:
        asked, context, status = going_on.look(token, now=now), {"problem": changed.reason}, 409
    except BadLink:
        return render(request, "django_rgpd/marketing/over.html", status=404)
    return render(request, "django_rgpd/marketing/go_on.html", {"asked": asked, **context}, status=status)


@by_link
@pages.takes("GET", "POST")
@spoken.as_reader(leaving.language_of_undo)
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button; POST takes the refusal back."""
    context: dict[str, object] = {"done": False}
    try:
        context["purpose"] = leaving.look_undo(token)
        if request.method == "POST":
            leaving.undo(token, now=clock.now())
            context["done"] = True
    except BadLink:
        return render(request, "django_rgpd/marketing/over.html", status=404)
    except Refused as refused:
        return render(request, "django_rgpd/marketing/undo.html", {"refused": refused.reason}, status=409)
    return render(request, "django_rgpd/marketing/undo.html", context)


@by_link
@pages.takes("GET", "POST")
@spoken.as_reader(leaving.language_of_reader)
def preferences_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The choices of whoever got the link: leaving works at once, what is added waits for a click in a
    mail.
    """
    try:
        person = leaving.reader(token)
    except BadLink:
        return render(request, "django_rgpd/marketing/over.html", status=404)
    if request.method != "POST":
        return _choices_page(request, person)
    now = clock.now()
    if "none" in request.POST:
        leaving.refuse_all(person, how="link", now=now)
        return _choices_page(request, person, saved=True)
    if "stop" in request.POST:
        stopped = preferences.stop(person, request.POST["stop"], how="link", now=now)
        return _choices_page(request, person, saved=stopped)
    try:
        saved = preferences.save(
            person,
            wanted=request.POST.getlist("on"),
            shown=request.POST.getlist("shown"),
            texts=request.POST.getlist("text"),
            how="link",
            now=now,
            proven=False,
            ip=limits.client_ip(request),
        )
    except Refused as refused:
        return _choices_page(request, person, problem=refused.reason, status=409)
    except StoreDown:
        problem = _("What you added could not be recorded. Please try again later.")
        return _choices_page(request, person, problem=problem, status=503)
    return _choices_page(request, person, saved=True, asked=bool(saved.asked))


def _choices_page(
    request: HttpRequest,
    person: Person,
    *,
    saved: bool = False,
    asked: bool = False,
    problem: object = "",
    status: int = 200,
) -> HttpResponse:
    boxes = preferences.choices(person, now=clock.now(), proven=False)
    context = {"choices": boxes, "saved": saved, "asked": asked, "problem": problem}
    return render(request, "django_rgpd/marketing/preferences.html", context, status=status)


def _newsletter_page(request: HttpRequest, form: NewsletterForm, *, status: int = 200) -> HttpResponse:
    return render(request, "django_rgpd/marketing/newsletter.html", {"form": form}, status=status)
