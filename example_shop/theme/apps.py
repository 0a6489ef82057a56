"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ThemeConfig(AppConfig):
    """What the shop looks like, and the pages that belong to no other app."""

    name = "example_shop.theme"
    label = "theme"
    verbose_name = _("Theme")
    default_auto_field = "django.db.models.BigAutoField"
