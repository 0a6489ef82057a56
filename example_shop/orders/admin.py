"""Orders for staff."""

from django.contrib import admin

from django_rgpd.retention.archive_admin import ArchiveAdminMixin
from example_shop.accounts.admin import NeverDeleted
from example_shop.orders.models import Order, OrderLine


class OrderLineInline(admin.TabularInline):  # type: ignore[type-arg]
    """What was ordered."""

    model = OrderLine
    extra = 0
    can_delete = False
    raw_id_fields = ("product",)


@admin.register(Order)
class OrderAdmin(ArchiveAdminMixin, NeverDeleted):
    """Orders."""

    list_display = ("number", "placed_at", "status", "name", "total", "currency")
    list_filter = ("status",)
    search_fields = ("number", "name", "guest_email", "customer__email")
    autocomplete_fields = ("customer",)
    inlines = (OrderLineInline,)
