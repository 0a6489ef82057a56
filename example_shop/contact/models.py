"""Messages written through the contact form."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from example_shop.accounts.names import one_line


class ContactMessage(models.Model):
    """A message from somebody, with an account or without."""

    name = models.CharField(_("name"), max_length=120, blank=True, validators=[one_line])
    email = models.EmailField(_("email address"))
    subject = models.CharField(_("subject"), max_length=150, validators=[one_line])
    text = models.TextField(_("message"), max_length=5000)
    received_at = models.DateTimeField(_("received on"), default=timezone.now, db_index=True)
    answered_at = models.DateTimeField(_("answered on"), null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name=_("customer"),
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-received_at"]
        indexes = [models.Index(Lower("email"), name="contact_message_email_lower")]

    def __str__(self) -> str:
        return f"message {self.pk}"
