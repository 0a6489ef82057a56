"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BasketConfig(AppConfig):
    """What somebody means to buy."""

    name = "example_shop.basket"
    label = "basket"
    verbose_name = _("Baskets")
    default_auto_field = "django.db.models.BigAutoField"
