"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    """What customers say of products."""

    name = "example_shop.reviews"
    label = "shop_reviews"
    verbose_name = _("Reviews")
    default_auto_field = "django.db.models.BigAutoField"
