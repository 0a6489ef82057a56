"""The page on which staff approve what a changed policy would release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.core import clock
from django_rgpd.core.impersonation import impersonated
from django_rgpd.retention import approval, proposal

if TYPE_CHECKING:
    from django_rgpd.retention.models import SweepMark

    Admin = admin.ModelAdmin[SweepMark]
else:
    Admin = object

APPROVE = "django_rgpd.approve_policy"
PAGE = "django_rgpd_approve"


class ApprovalMixin(Admin):
    """For the admin of the marks: a page beside their list."""

    change_list_template = "django_rgpd/retention/marks.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Also for who may only approve."""
        return request.user.has_perm(APPROVE) or super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: SweepMark | None = None) -> bool:
        """Also for who may only approve."""
        return request.user.has_perm(APPROVE) or super().has_view_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """The admin's, and the page on which a policy is approved."""
        return [path("approve/", self.admin_site.admin_view(self.approve), name=PAGE), *super().get_urls()]

    def approve(self, request: HttpRequest) -> HttpResponse:
        """GET shows what waits; POST approves the chosen models, unless something else decides than was shown."""
        if not request.user.has_perm(APPROVE) or impersonated(request):
            raise PermissionDenied
        now = clock.now()
        waiting = approval.waiting(now=now)
        seen = proposal.digest(waiting)
        if request.method == "POST":
            chosen = [one.label for one in waiting if one.label in request.POST.getlist("label")]
            if request.POST.get("seen") != seen:
                messages.warning(
                    request,
                    _("What decides has changed meanwhile: nothing was approved. Please read it again."),
                )
            elif chosen:
                number = approval.approve(chosen, now=now, actor=f"user:{request.user.pk}")
                text = ngettext("%(number)d model approved.", "%(number)d models approved.", number)
                messages.success(request, text % {"number": number})
            return redirect(reverse(f"admin:{PAGE}", current_app=self.admin_site.name))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Approve what a new policy releases"),
            "lines": proposal.lines(waiting),
            "seen": seen,
            "opts": self.opts,
        }
        return TemplateResponse(request, "django_rgpd/retention/approve.html", context)
