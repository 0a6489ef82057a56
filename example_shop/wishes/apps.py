"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WishesConfig(AppConfig):
    """What customers would like to have."""

    name = "example_shop.wishes"
    label = "wishes"
    verbose_name = _("Wish lists")
    default_auto_field = "django.db.models.BigAutoField"
