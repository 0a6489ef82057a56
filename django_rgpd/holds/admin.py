"""Holds for staff: those to be reviewed first; placed, reviewed and lifted with a reason, and never edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.holds import forms, lifting, placing
from django_rgpd.registry.models import Hold

Done = Callable[[dict[str, Any]], Hold]


@admin.register(Hold)
class HoldAdmin(admin.ModelAdmin[Hold]):
    """What is held, by whom and until which review; the pages that change it ask for a reason."""

    list_display = ("kind", "about", "since", "due", "owner", "lifted_at")
    list_filter = ("kind", ("lifted_at", admin.EmptyFieldListFilter))
    search_fields = ("=uuid", "=person", "=key")
    exclude = ("site", "rows")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        """Those that stand first, and of these the one whose review is longest due."""
        return (
            super().get_queryset(request).order_by(F("lifted_at").desc(nulls_first=True), "review_on", "pk")
        )

    @admin.display(description=gettext_lazy("what is held"))
    def about(self, hold: Hold) -> str:
        """The row, or the person's uuid."""
        return f"{hold.label} {hold.key}" if hold.label else str(hold.person)

    @admin.display(description=gettext_lazy("to be reviewed on"), ordering="review_on")
    def due(self, hold: Hold) -> str:
        """The day; said aloud when it has passed."""
        day = date_format(hold.review_on, "SHORT_DATE_FORMAT")
        late = hold.lifted_at is None and hold.review_on < clock.legal_day(clock.now())
        return _("%(day)s: review it") % {"day": day} if late else day

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who may place holds, and acts as nobody else."""
        return request.user.has_perm(placing.PERMISSION) and not impersonated(request)

    def has_view_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        """Who may place them, or look."""
        return request.user.has_perm(placing.PERMISSION) or super().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        """Nobody edits."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        """A hold ends by being lifted."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As ``has_view_permission``."""
        return request.user.has_perm(placing.PERMISSION) or super().has_module_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """With the pages on which a hold is reviewed and lifted."""
        own = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"django_rgpd_hold_{name}")
            for name, view in (("review", self.review), ("lift", self.lift))
        ]
        return [*own, *super().get_urls()]

    @method_decorator(sensitive_post_parameters("address", "account", "reason"))
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Place a hold; ``?label=…&key=…`` fills in the row."""
        now = clock.now()
        given = {name: request.GET[name] for name in ("label", "key", "kind") if name in request.GET}
        form = forms.Place(request.POST or None, now=now, initial=given)
        told = ("reason", "review_on", "person", "row", "purposes")

        def done(data: dict[str, Any]) -> Hold:
            values = {name: data[name] for name in told}
            return placing.place(data["kind"], by=request.user, now=now, **values)

        return self._answer(request, form, _("Place a hold"), done)

    @method_decorator(sensitive_post_parameters("reason"))
    def review(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say why it goes on."""
        hold, now = get_object_or_404(Hold, pk=pk), clock.now()
        form = forms.Review(request.POST or None, now=now)
        return self._answer(
            request,
            form,
            _("Review a hold"),
            lambda data: placing.review(
                hold, reason=data["reason"], review_on=data["review_on"], by=request.user, now=now
            ),
        )

    @method_decorator(sensitive_post_parameters("reason"))
    def lift(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say why it ends."""
        hold, now = get_object_or_404(Hold, pk=pk), clock.now()
        form = forms.Reason(request.POST or None, now=now)
        return self._answer(
            request,
            form,
            _("Lift a hold"),
            lambda data: lifting.lift(hold, reason=data["reason"], by=request.user, now=now),
        )

    def _answer(self, request: HttpRequest, form: forms.Reason, title: str, done: Done) -> HttpResponse:
        """Show the form, or do what it says and show the hold; what is refused is said beside the form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST" and form.is_valid():
            try:
                hold = done(form.cleaned_data)
            except Refused as no:
                form.add_error(None, str(no.reason))
            else:
                self.message_user(request, self._told(hold), messages.SUCCESS)
                return redirect("admin:django_rgpd_hold_change", hold.pk)
        context = {**self.admin_site.each_context(request), "title": title, "form": form, "opts": self.opts}
        return TemplateResponse(request, "django_rgpd/holds/admin_form.html", context)

    @staticmethod
    def _told(hold: Hold) -> str:
        if hold.lifted_at is not None:
            return _("Lifted: what is past its time goes tonight.")
        if hold.ends_at is not None:
            day = date_format(clock.legal_day(hold.ends_at))
            return _("Announced to the person; it ends on %(day)s.") % {"day": day}
        return _("Held; to be reviewed on %(day)s.") % {"day": date_format(hold.review_on)}
