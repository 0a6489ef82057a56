"""Customers for staff; none can be deleted here: the privacy pages do that, and keep invoices whole."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from example_shop.accounts.models import Address, RelativeBirthday, User


class NeverDeleted(admin.ModelAdmin):  # type: ignore[type-arg]
    """Leaves deletion to the library."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, superusers included."""
        return False


@admin.register(User)
class CustomerAdmin(NeverDeleted, UserAdmin):
    """A customer's account."""

    ordering = ("-date_joined",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "language")
    search_fields = ("email", "first_name", "last_name", "phone")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "phone", "birth_date", "language")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined", "pending_since")}),
    )
    readonly_fields = ("pending_since",)
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """An account that staff open waits for no confirmation any more."""
        if obj.is_active:
            obj.pending_since = None
        super().save_model(request, obj, form, change)


@admin.register(Address)
class AddressAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Delivery addresses."""

    list_display = ("name", "street", "postcode", "city", "country")
    search_fields = ("name", "street", "postcode", "city")
    autocomplete_fields = ("user",)


@admin.register(RelativeBirthday)
class RelativeBirthdayAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Birthdays of others."""

    list_display = ("name", "date")
    autocomplete_fields = ("user",)
