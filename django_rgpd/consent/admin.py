"""Consents and their wordings in the admin: to be read; and where staff record what a person said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from django_rgpd.consent import by_staff
from django_rgpd.consent.forms import ObjectionForm
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core import clock, conf
from django_rgpd.core.impersonation import impersonated
from django_rgpd.policy import current
from django_rgpd.registry.models import Person

RECORD = "django_rgpd_record_objection"


class _Unchanged:
    """Rows that no form changes or deletes."""

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False


@admin.register(ConsentState)
class ConsentStateAdmin(_Unchanged, admin.ModelAdmin[ConsentState]):
    """What stands for whom; the address is shown nowhere."""

    list_display = ("person", "purpose", "channel", "standing", "since", "expires_at")
    list_filter = ("purpose", "channel", "standing")
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

    def get_urls(self) -> list[URLPattern]:
        """With the page on which staff record an objection."""
        page = self.admin_site.admin_view(self.record_objection)
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


@admin.register(Wording)
class WordingAdmin(_Unchanged, admin.ModelAdmin[Wording]):
    """The texts beside boxes: a new text is a new version, an old one is never changed (art. 7.1)."""

    list_display = ("purpose", "language", "version", "valid_from", "from_label")
    list_filter = ("purpose", "language")
    fields = ("purpose", "language", "text")
    ordering = ("purpose", "language", "-version")

    def save_model(self, request: HttpRequest, obj: Wording, form: Any, change: bool) -> None:
        """Enter the text as the next version, valid from now on."""
        newest = Wording.objects.filter(
            site=conf.get().SITE, purpose=obj.purpose, language=obj.language
        ).order_by("-version")
        last = newest.first()
        obj.site, obj.valid_from = conf.get().SITE, clock.now()
        obj.version = last.version + 1 if last else 1
        super().save_model(request, obj, form, change)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Purposes and languages are chosen, not typed."""
        if db_field.name == "purpose":
            choices = [(one.key, one.label) for one in current().purposes if one.on_consent]
            return forms.ChoiceField(choices=choices, label=_("Purpose"))
        if db_field.name == "language":
            return forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"))
        return super().formfield_for_dbfield(db_field, request, **kwargs)
