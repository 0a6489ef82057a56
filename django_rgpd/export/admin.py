"""Exports as staff see them: when one was asked for and collected; never the file."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from django_rgpd.export.models import ExportRequest


@admin.register(ExportRequest)
class ExportAdmin(admin.ModelAdmin[ExportRequest]):
    """Read-only; whoever may help a person sees where her export stands."""

    list_display = (
        "uuid",
        "person",
        "document",
        "state",
        "asked_at",
        "ready_at",
        "expires_at",
        "collected_at",
    )
    list_filter = ("state", "document")
    search_fields = ("uuid", "person")
    ordering = ("-asked_at",)
    show_full_result_count = False
    exclude = ("name", "site")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The person asks, or staff on her behalf by ``rgpd_export``."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ExportRequest | None = None) -> bool:
        """An export is what it is."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ExportRequest | None = None) -> bool:
        """Exports end by themselves."""
        return False
