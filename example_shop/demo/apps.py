"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    """Fills the shop with made-up people and serves it."""

    name = "example_shop.demo"
    label = "demo"
    verbose_name = _("Demonstration")
    default_auto_field = "django.db.models.BigAutoField"
