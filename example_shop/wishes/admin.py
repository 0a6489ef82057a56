"""Wish lists for staff."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from example_shop.catalogue.models import Product
from example_shop.wishes.models import Wish
from example_shop.wishes.reminder import remind


@admin.register(Wish)
class WishAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Wishes."""

    list_display = ("product", "user", "created_at")
    raw_id_fields = ("product", "user")
    actions = ("write_to_who_wished",)

    @admin.action(description=_("Write to all who wished for these products"), permissions=["change"])
    def write_to_who_wished(self, request: HttpRequest, queryset: QuerySet[Wish]) -> None:
        """One mail about each product, to those who agreed to offers or are customers."""
        products = Product.objects.filter(pk__in=queryset.values("product")).order_by("pk")
        outcomes = [remind(product) for product in products]
        sent = sum(one.sent for one in outcomes)
        left_out = sum(one.dropped.total() for one in outcomes)
        told = ngettext("%(count)d mail was sent.", "%(count)d mails were sent.", sent) % {"count": sent}
        why = _("%(count)d more may not be written to.") % {"count": left_out}
        self.message_user(request, f"{told} {why}")
