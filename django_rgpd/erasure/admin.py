"""The erasures that were asked for, read-only; and the erasure on request, for staff who may, with a
reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from django_rgpd.core import clock
from django_rgpd.core.errors import RgpdError
from django_rgpd.core.impersonation import impersonated
from django_rgpd.erasure import telling
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.forms import OnRequest
from django_rgpd.erasure.models import Erasure
from django_rgpd.erasure.plan import plan
from django_rgpd.registry import people

if TYPE_CHECKING:
    from django.urls import URLPattern

PERMISSION = "django_rgpd.execute_erasure"


@admin.register(Erasure)
class ErasureAdmin(admin.ModelAdmin[Erasure]):
    """What was asked, planned and done; nothing of it can be edited."""

    list_display = ("uuid", "state", "how", "asked_at", "done_at", "open_until", "at_processors")
    list_filter = ("state", "how")
    date_hierarchy = "asked_at"
    search_fields = ("uuid", "person")
    ordering = ("-asked_at",)
    exclude = ("processors",)
    readonly_fields = ("evidence",)
    change_list_template = "django_rgpd/erasure/admin_list.html"

    @admin.display(description=_lazy("at the processors"))
    def at_processors(self, erasure: Erasure) -> str:
        """Where each of them stands."""
        return telling.in_words(erasure.processors)

    @admin.display(description=_lazy("at the processors"))
    def evidence(self, erasure: Erasure) -> str:
        """The same, since when, and what each of them answered."""
        return format_html_join(
            "", "<div>{}</div>", ((line,) for line in telling.in_full(erasure.processors))
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never by a form of the admin."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Erasure | None = None) -> bool:
        """Never."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and the page on which a person is erased on request."""
        own = path("on-request/", self.admin_site.admin_view(self.on_request), name="django_rgpd_erase")
        return [own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with a link to the erasure on request for who may."""
        context = {**(extra_context or {}), "may_erase": request.user.has_perm(PERMISSION)}
        return super().changelist_view(request, context)

    def on_request(self, request: HttpRequest) -> HttpResponse:
        """Show the plan of the person whose address was typed; erase her when it is confirmed with a
        reason."""
        if not request.user.has_perm(PERMISSION) or impersonated(request):
            raise PermissionDenied
        form = OnRequest(request.POST or None)
        shown = None
        if form.is_valid():
            shown = self._answer(request, form)
            if isinstance(shown, Erasure):
                place = reverse("admin:django_rgpd_erasure_change", args=[shown.pk])
                return HttpResponseRedirect(place)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Erase a person on request"),
            "form": form,
            "plan": shown,
            "opts": Erasure._meta,
        }
        return TemplateResponse(request, "django_rgpd/erasure/admin_on_request.html", context)

    def _answer(self, request: HttpRequest, form: OnRequest) -> object:
        now = clock.now()
        person = form.person(now=now)
        if person is None:
            form.add_error("email", _("Nobody here has this address."))
            return None
        try:
            if form.cleaned_data["seen"]:
                return erase(
                    person,
                    how="staff",
                    actor=f"user:{request.user.pk}",
                    choices=form.choices(),
                    expected=form.cleaned_data["seen"],
                    now=now,
                )
        except RgpdError as error:
            form.add_error(None, str(error))
        return plan(people.subject(person), now=now, choices=form.choices(), vetted=True)
