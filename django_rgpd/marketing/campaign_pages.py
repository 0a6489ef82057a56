"""The pages beside a campaign: what it looks like, who would get it, how far it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from django_rgpd.consent.audience import audience
from django_rgpd.core import clock, conf
from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.core.stale import readable
from django_rgpd.marketing import campaigns, trial
from django_rgpd.marketing.models import Campaign, CampaignState
from django_rgpd.marketing.reporting import nobody, report

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Campaign]
else:
    Admin = object

REFRESHED = "10"
"""Seconds after which the page of a campaign that is being sent is loaded again."""

SANDBOX = "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""What the HTML of a campaign may do in the admin: show pictures and styles, run nothing, send nothing."""

DONE = {
    "pause": gettext_lazy("Paused. Nobody gets it until you resume it."),
    "resume": gettext_lazy("It goes on."),
    "stop": gettext_lazy("Stopped for ever."),
}


class CampaignPages(Admin):
    """For the admin of campaigns: its own pages."""

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and those beside a campaign."""
        own: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("preview/", self.preview, "preview"),
            ("preview/<str:language>.html", self.preview_html, "preview_html"),
            ("test/", self.test, "test"),
            ("send/", self.send, "send"),
            ("report/", self.report, "report"),
            ("copy/", self.copy, "copy"),
            ("<str:verb>/now/", self.do, "do"),
        ]
        return [*(self._url(*one) for one in own), *super().get_urls()]

    @method_decorator(require_safe)
    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The message in each language, with its footer."""
        campaign = self._campaign(request, pk)
        try:
            samples = trial.samples(campaign, conf.get().FROM_EMAIL)
        except Refused as no:
            messages.error(request, str(no.reason))
            return self._to(campaign, "change")
        names = dict(settings.LANGUAGES)
        shown = [(code, names.get(code, code), one.subject, one.body) for code, one in samples.items()]
        return self._page(request, campaign, "preview", _("Preview"), samples=shown)

    @method_decorator(require_safe)
    def preview_html(self, request: HttpRequest, pk: int, language: str) -> HttpResponse:
        """The HTML of the message alone, for a frame in which nothing can run."""
        campaign = self._campaign(request, pk)
        try:
            message = trial.samples(campaign, conf.get().FROM_EMAIL).get(language)
        except Refused:
            message = None
        if message is None:
            raise Http404
        response = HttpResponse(str(message.alternatives[0][0]))
        response.headers["Content-Security-Policy"] = SANDBOX
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST sends it to who asks, and to nobody else."""
        campaign = self._campaign(request, pk)
        if request.method != "POST":  # who was led here by the login page
            return self._to(campaign, "preview")

        def send() -> str:
            number = trial.send_test(campaign, by=request.user)
            said = ngettext(
                "%(number)d test is on its way to your own address.",
                "%(number)d tests are on their way to your own address, one a language.",
                number,
            )
            return said % {"number": number}

        return self._done(request, campaign, send, "preview")

    def send(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET says to how many it would go; POST begins, unless it says something else than was shown."""
        campaign, now = self._campaign(request, pk, sender=True), clock.now()
        if campaign.state != CampaignState.DRAFT:
            return self._to(campaign, "report")
        if request.method == "POST":
            with transaction.atomic():
                return self._begin(request, Campaign.objects.select_for_update().get(pk=campaign.pk), now=now)
        try:
            campaigns.ready(campaign)
        except Refused as no:
            messages.error(request, str(no.reason))
            return self._to(campaign, "change")
        number = audience(campaign.purpose, campaign.channel, now=now).count()
        shown = {
            "number": number,
            "nobody": [] if number else nobody(campaign, now=now),
            "texts": list(campaign.texts.order_by("language")),
            "seen": _digest(campaign),
        }
        return self._page(request, campaign, "send", _("Send the campaign"), **shown)

    def _begin(self, request: HttpRequest, campaign: Campaign, *, now: datetime) -> HttpResponse:
        """Start ``campaign``, which is locked: a text that was being saved is read, and nobody saves another before it began."""
        if request.POST.get("seen") != _digest(campaign):
            messages.warning(request, _("The text was changed meanwhile. Please read it again."))
            return self._to(campaign, "send")
        if not audience(campaign.purpose, campaign.channel, now=now).exists():
            return self._to(campaign, "send")

        def start() -> str:
            campaigns.start(campaign, now=now, by=request.user)
            self.log_change(request, campaign, "started")
            return _("It is being sent.")

        return self._done(request, campaign, start, "report")

    @method_decorator(require_safe)
    def report(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far it is and what became of it; loaded again by itself while it is being sent."""
        campaign = self._campaign(request, pk)
        may = request.user.has_perm(campaigns.PERMISSION) and not impersonated(request)
        verbs = {CampaignState.SENDING: ("pause", "stop"), CampaignState.PAUSED: ("resume", "stop")}
        offered = verbs.get(CampaignState(campaign.state), ()) if may else ()
        response = self._page(
            request, campaign, "report", _("Report"), report=report(campaign), offered=offered
        )
        if campaign.state == CampaignState.SENDING:
            response.headers["Refresh"] = REFRESHED
        return response

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST makes another draft that says the same, whatever became of this one."""
        campaign = self._campaign(request, pk)
        if request.method != "POST":
            return self._to(campaign, "change")
        if not self.has_add_permission(request):
            raise PermissionDenied
        made = campaigns.copy(campaign, now=clock.now(), by=request.user)
        self.log_addition(request, made, "copied")
        messages.success(request, _("This is the copy. Nothing of it was sent."))
        return self._to(made, "change")

    def do(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """POST pauses, resumes, stops."""
        campaign = self._campaign(request, pk, sender=True)
        if verb not in DONE:
            raise Http404
        if request.method != "POST":
            return self._to(campaign, "report")
        if verb == "stop" and not request.POST.get("sure"):
            messages.error(request, _("Tick the box to stop it for ever."))
            return self._to(campaign, "report")

        def act() -> str:
            getattr(campaigns, verb)(campaign, now=clock.now(), by=request.user)
            self.log_change(request, campaign, verb)
            return str(DONE[verb])

        return self._done(request, campaign, act, "report")

    def _url(self, end: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        guarded = readable(self.admin_site.admin_view(view))
        return path(f"<int:pk>/{end}", guarded, name=f"django_rgpd_campaign_{name}")

    def _campaign(self, request: HttpRequest, pk: int, *, sender: bool = False) -> Campaign:
        """The campaign, for who may look at it, or send it, and acts as nobody else."""
        campaign = get_object_or_404(self.get_queryset(request), pk=pk)
        if sender:
            campaigns.may(request.user)
        if not self.has_view_permission(request, campaign) or (
            impersonated(request) and (sender or request.method == "POST")
        ):
            raise PermissionDenied
        return campaign

    def _done(
        self, request: HttpRequest, campaign: Campaign, act: Callable[[], str], page: str
    ) -> HttpResponse:
        """Do it and say so, or say why not."""
        try:
            messages.success(request, act())
        except Refused as no:
            messages.error(request, str(no.reason))
        return self._to(campaign, page)

    def _to(self, campaign: Campaign, page: str) -> HttpResponse:
        return redirect(f"{self.admin_site.name}:django_rgpd_campaign_{page}", campaign.pk)

    def _page(
        self, request: HttpRequest, campaign: Campaign, name: str, title: str, **more: Any
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": campaign.name,
            "campaign": campaign,
            "opts": self.opts,
            **more,
        }
        return TemplateResponse(request, f"django_rgpd/marketing/campaign_{name}.html", context)


def _digest(campaign: Campaign) -> str:
    """Another one after each change of what is said, or for whom."""
    said = campaign.texts.order_by("language").values_list("language", "subject", "text", "html")
    return hashlib.sha256(repr((campaign.purpose, list(said))).encode()).hexdigest()
