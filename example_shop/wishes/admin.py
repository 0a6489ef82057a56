"""Wish lists for staff."""

from django.contrib import admin

from example_shop.wishes.models import Wish


@admin.register(Wish)
class WishAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Wishes."""

    list_display = ("product", "user", "created_at")
    raw_id_fields = ("product", "user")
