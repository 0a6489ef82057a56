"""Consents in the admin: to be read; and where staff record what a person said."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from django_rgpd.consent import admin_names, by_staff
from django_rgpd.consent.forms import ObjectionForm
from django_rgpd.consent.models import ConsentState
from django_rgpd.consent.wordings_admin import Unchanged
from django_rgpd.core import clock
from django_rgpd.core.impersonation import impersonated
from django_rgpd.core.stale import readable
from django_rgpd.registry.models import Person

RECORD = "django_rgpd_record_objection"


@admin.register(ConsentState)
class ConsentStateAdmin(Unchanged, admin.ModelAdmin[ConsentState]):
    """What stands for whom; the address is shown nowhere."""

    list_display = ("person", "purpose", "channel", "standing", "since", "expires_at")
    list_filter = (("purpose", admin_names.Purposes), "channel", "standing")
    search_fields = ("=person",)
    fields = (
        "person",
        "purpose",
        "channel",
        "standing",
        "since",
        "expires_at",
        "event",
        "wording",
        "language",
    )
    change_list_template = "django_rgpd/consent/change_list.html"
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """States follow from events."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Also for who may only record what a person said."""
        return request.user.has_perm(by_staff.PERMISSION) or super().has_module_permission(request)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """The index leads who may only record what a person said to that page."""
        perms = super().get_model_perms(request)
        return {**perms, "view": perms["view"] or request.user.has_perm(by_staff.PERMISSION)}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The consents, for who may see them; else the page of who may record."""
        if not self.has_view_permission(request) and request.user.has_perm(by_staff.PERMISSION):
            return redirect(f"admin:{RECORD}")
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        """With the page on which staff record an objection."""
        page = readable(self.admin_site.admin_view(self.record_objection))
        return [path("objection/", page, name=RECORD), *super().get_urls()]

    @property
    def record_objection(self) -> Any:
        """The page, whose posted address stays out of error reports."""
        return sensitive_post_parameters("address")(self._record_objection)

    def _record_objection(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(by_staff.PERMISSION) or impersonated(request):
            raise PermissionDenied
        now = clock.now()
        form = ObjectionForm(request.POST or None, now=now)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            known = by_staff.record_objection(
                told["kind"],
                told["address"],
                way=told["way"],
                said_at=form.said_at(),
                by=request.user,
                now=now,
                purpose=told["purpose"],
                channel=told["channel"],
            )
            self._tell(request, known, told["purpose"], told["channel"])
            return redirect(f"admin:{RECORD}")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Record what a person said"),
            "form": form,
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "django_rgpd/consent/record_objection.html", context)

    def _tell(self, request: HttpRequest, known: Person | None, purpose: str, channel: str) -> None:
        """Say what came of it; a consent that she gave after that day stands, and is named."""
        if known is None:
            text = _("Nobody is known by this address. It is on the list of those that are not written to.")
            messages.success(request, text)
            return
        live = ConsentState.objects.filter(person=known.uuid, live=True)
        live = live.filter(
            **{name: value for name, value in (("purpose", purpose), ("channel", channel)) if value}
        )
        if live.exists():
            text = _("Recorded. She agreed again after that day, and what she agreed to then goes on.")
            messages.warning(request, text)
        else:
            messages.success(request, _("Recorded; effective at once."))
