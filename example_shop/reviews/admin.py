"""Reviews for staff: read, published or refused; shown as the pages show them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from example_shop.reviews.models import Review


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Reviews."""

    list_display = ("title", "product", "published_name", "rating", "status", "created_at")
    list_filter = ("status", "rating")
    search_fields = ("title", "text", "public_name")
    exclude = ("author",)
    readonly_fields = ("public_name", "publish_consent", "created_at")
    raw_id_fields = ("product",)

    @admin.display(description=_("published as"))
    def published_name(self, review: Review) -> str:
        """The name that everybody sees."""
        return review.shown_name
