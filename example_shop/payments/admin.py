"""Payments for staff, to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from django_rgpd.retention.archive_admin import ArchiveAdminMixin
from example_shop.accounts.admin import NeverDeleted
from example_shop.payments.models import Payment, PaymentStatus


@admin.register(Payment)
class PaymentAdmin(ArchiveAdminMixin, NeverDeleted):
    """Payments."""

    list_display = ("stripe_payment_intent", "order", "amount", "currency", "status", "created_at")
    list_filter = ("status",)
    search_fields = ("stripe_payment_intent", "order__number")
    autocomplete_fields = ("order",)
    readonly_fields = ("counts_from",)

    def save_model(self, request: HttpRequest, obj: Payment, form: Any, change: bool) -> None:
        """A dispute that is settled begins the payment's term anew: until then nobody can say that it is over."""
        if form.initial.get("status") == PaymentStatus.DISPUTED != obj.status:
            obj.counts_from = timezone.now()
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Payments come from the provider."""
        return False
