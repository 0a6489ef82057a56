"""Campaigns in the admin: written, looked at, tried, sent, followed; a campaign that was started is not changed any more."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_rgpd.core import clock, conf
from django_rgpd.core.impersonation import impersonated
from django_rgpd.marketing import (
    both_sides_admin,  # noqa: F401 - it registers its action
    campaigns,
)
from django_rgpd.marketing.campaign_forms import CampaignForm, TextForm, TextFormSet
from django_rgpd.marketing.campaign_readers import ReaderPages
from django_rgpd.marketing.models import Campaign, CampaignState, CampaignText
from django_rgpd.policy import current


class TextInline(admin.StackedInline[CampaignText, Campaign]):
    """One text a language."""

    model = CampaignText
    form = TextForm
    formset = TextFormSet
    verbose_name = _("text")
    verbose_name_plural = _("texts")

    def get_extra(self, request: HttpRequest, obj: Campaign | None = None, **kwargs: Any) -> int:
        """One to begin with."""
        return 0 if obj else 1

    def get_max_num(self, request: HttpRequest, obj: Campaign | None = None, **kwargs: Any) -> int:
        """As many as there are languages."""
        field = CampaignText._meta.get_field("language")
        return len(list(field.choices or ()))

    def has_add_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Who may write the campaign."""
        return _may_write(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Who may write the campaign."""
        return _may_write(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Who may write the campaign."""
        return _may_write(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Whoever sees the campaign."""
        return True


def _may_write(request: HttpRequest, campaign: Campaign | None) -> bool:
    """Whether the texts may be written: while it is a draft, by who may add or change campaigns."""
    if campaign is None:
        return request.user.has_perm("django_rgpd.add_campaign")
    return campaign.state == CampaignState.DRAFT and request.user.has_perm("django_rgpd.change_campaign")


@admin.register(Campaign)
class CampaignAdmin(ReaderPages, admin.ModelAdmin[Campaign]):
    """Drafts to be written; the pages beside them send, and show what became of it."""

    form = CampaignForm
    inlines = (TextInline,)
    list_display = ("name", "about", "state", "started_at", "ended_at")
    list_filter = ("state",)
    search_fields = ("name",)
    ordering = ("-created_at",)
    readonly_fields = ("state",)
    actions = None
    show_full_result_count = False

    @admin.display(description=_("purpose"), ordering="purpose")
    def about(self, campaign: Campaign) -> str:
        """The purpose as the policy words it."""
        labels = {one.key: capfirst(str(one.label)) for one in current().marketing}
        return labels.get(campaign.purpose, campaign.purpose)

    def get_fields(self, request: HttpRequest, obj: Campaign | None = None) -> tuple[str, ...]:
        """What is written; of a started one, how it stands as well."""
        if self.has_change_permission(request, obj) and (obj is None or obj.state == CampaignState.DRAFT):
            return ("name", "purpose")
        waits = ("note",) if obj is not None and obj.note else ()
        return ("name", "about", "state", *waits, "started_at", "ended_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> tuple[str, ...]:
        """What no form writes."""
        return ("about", "state", "note", "started_at", "ended_at")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Campaign | None:
        """For a change, locked: a draft that is started meanwhile is not changed any more."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "POST":
            return Campaign.objects.select_for_update().filter(pk=found.pk).first()
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        """Those of this site."""
        return super().get_queryset(request).filter(site=conf.get().SITE)

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        """Note who wrote it, and when."""
        if not change:
            obj.site, obj.created_by, obj.created_at = conf.get().SITE, str(request.user.pk), clock.now()
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Drafts, by who may."""
        draft = obj is None or obj.state == CampaignState.DRAFT
        return draft and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Drafts, by who may; what was sent stays on record."""
        draft = obj is None or obj.state == CampaignState.DRAFT
        return draft and super().has_delete_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Also for who may only send."""
        return request.user.has_perm(campaigns.PERMISSION) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Also for who may only send."""
        return request.user.has_perm(campaigns.PERMISSION) or super().has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who may, and acts as nobody else."""
        return not impersonated(request) and super().has_add_permission(request)

    def response_add(
        self, request: HttpRequest, obj: Campaign, post_url_continue: str | None = None
    ) -> HttpResponse:
        """After writing, look at it."""
        to = reverse("admin:django_rgpd_campaign_change", args=[obj.pk], current_app=self.admin_site.name)
        return super().response_add(request, obj, post_url_continue or to)
