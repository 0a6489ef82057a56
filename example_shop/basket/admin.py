"""Baskets for staff, to look at."""

from django.contrib import admin

from example_shop.basket.models import Basket, BasketLine


class BasketLineInline(admin.TabularInline):  # type: ignore[type-arg]
    """What is in a basket."""

    model = BasketLine
    extra = 0
    raw_id_fields = ("product",)


@admin.register(Basket)
class BasketAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Baskets."""

    list_display = ("id", "user", "created_at", "updated_at")
    fields = ("user", "created_at", "updated_at")
    readonly_fields = ("user", "created_at", "updated_at")
    inlines = (BasketLineInline,)
