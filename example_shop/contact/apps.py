"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactConfig(AppConfig):
    """Messages written through the contact form."""

    name = "example_shop.contact"
    label = "contact"
    verbose_name = _("Messages")
    default_auto_field = "django.db.models.BigAutoField"
