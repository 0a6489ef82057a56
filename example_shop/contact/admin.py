"""Messages for staff."""

from django.contrib import admin

from django_rgpd.retention.archive_admin import ArchiveAdminMixin
from example_shop.contact.models import ContactMessage


@admin.register(ContactMessage)
class ContactMessageAdmin(ArchiveAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Messages."""

    list_display = ("subject", "name", "email", "received_at", "answered_at")
    list_filter = ("answered_at",)
    search_fields = ("subject", "name", "email")
    raw_id_fields = ("user",)
