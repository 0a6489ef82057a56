"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Customers, their addresses and their relatives' birthdays."""

    name = "example_shop.accounts"
    label = "accounts"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen."""
        from example_shop.accounts import receivers, tasks  # noqa: F401
