"""Where Django reads what this app is called."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailboxConfig(AppConfig):
    """The mails of the demonstration, to be read and clicked in the browser."""

    name = "example_shop.mailbox"
    label = "mailbox"
    verbose_name = _("Mailbox")
    default_auto_field = "django.db.models.BigAutoField"
