"""The sweep as staff see it: how far it came with each model, and which rows the database refuses. Read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from django_rgpd.registry.admin import ReadOnly
from django_rgpd.retention.approval_admin import ApprovalMixin
from django_rgpd.retention.models import SetAside, SweepMark


class SetAsideInline(ReadOnly, admin.TabularInline[SetAside, SweepMark]):
    """The rows of the model that were set aside: their keys, and nothing of what they hold."""

    model = SetAside
    extra = 0
    fields = readonly_fields = ("key", "why", "since")
    ordering = ("since", "pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may see how far the sweep came may see what it could not do."""
        return request.user.has_perm("django_rgpd.view_sweepmark")


@admin.register(SweepMark)
class SweepMarkAdmin(ApprovalMixin, ReadOnly, admin.ModelAdmin[SweepMark]):
    """Each declared model with the day through which it is released."""

    list_display = ("label", "day", "full_at", "approved_at", "approved_by")
    fields = readonly_fields = ("label", "day", "full_at", "approved_at", "approved_by")
    search_fields = ("label",)
    ordering = ("label",)
    inlines = (SetAsideInline,)
