"""Among the actions of people in the admin: what each side holds of one of them, and why she got which campaign.

It is posted, so that no URL says whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.core import clock
from django_rgpd.core.impersonation import impersonated
from django_rgpd.marketing import both_sides, campaigns, received
from django_rgpd.policy import EMAIL
from django_rgpd.registry.admin import PersonAdmin, masked
from django_rgpd.registry.models import Person

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin


@admin.action(description=gettext_lazy("What processors hold"), permissions=["view"])
def what_processors_hold(
    modeladmin: ModelAdmin[Person], request: HttpRequest, queryset: QuerySet[Person]
) -> HttpResponse | None:
    """Show what stands here for one person and what became of the last campaigns, and ask each processor about her."""
    if impersonated(request):
        raise PermissionDenied
    chosen = list(queryset[:2])
    if len(chosen) != 1:
        modeladmin.message_user(request, _("Choose one person."), messages.WARNING)
        return None
    (person,) = chosen
    current, now = person.addresses.filter(until__isnull=True), clock.now()
    purposes = [one.key for one in campaigns.purposes()]
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": _("What processors hold"),
        "addresses": [masked(one.kind, one.canonical) for one in current],
        "standing": received.standing(person, purposes, EMAIL, now=now),
        "sides": both_sides.look(person, now=now),
        "received": received.lately(person, now=now),
        "opts": Person._meta,
    }
    return TemplateResponse(request, "django_rgpd/marketing/both_sides.html", context)


PersonAdmin.actions = (*PersonAdmin.actions, what_processors_hold)
