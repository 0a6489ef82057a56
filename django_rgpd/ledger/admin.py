"""The ledger in the admin: to be read by who may, and never changed."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from django_rgpd.ledger.models import Event

SEE = "django_rgpd.view_ledger"


@admin.register(Event)
class EventAdmin(admin.ModelAdmin[Event]):
    """Events, newest first, for holders of ``django_rgpd.view_ledger``."""

    list_display = ("at", "kind", "purpose", "channel", "person", "how", "actor")
    list_filter = ("kind", "purpose", "channel")
    search_fields = ("uuid", "person")
    date_hierarchy = "at"
    ordering = ("-at", "-pk")
    show_full_result_count = False
    list_select_related = False

    def has_view_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Only who may read the ledger."""
        return request.user.has_perm(SEE)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Only who may read the ledger."""
        return request.user.has_perm(SEE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Events come from what happens, not from a form."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Append-only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        """Append-only."""
        return False
