"""Payments for staff, to look at."""

from django.contrib import admin
from django.http import HttpRequest

from django_rgpd.retention.archive_admin import ArchiveAdminMixin
from example_shop.accounts.admin import NeverDeleted
from example_shop.payments.models import Payment


@admin.register(Payment)
class PaymentAdmin(ArchiveAdminMixin, NeverDeleted):
    """Payments."""

    list_display = ("stripe_payment_intent", "order", "amount", "currency", "status", "created_at")
    list_filter = ("status",)
    search_fields = ("stripe_payment_intent", "order__number")
    autocomplete_fields = ("order",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Payments come from the provider."""
        return False
