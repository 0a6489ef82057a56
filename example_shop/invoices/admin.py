"""Invoices for staff: found by number, name and address, never changed, never deleted by hand."""

from typing import Any

from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_rgpd.retention.archive_admin import ArchiveAdminMixin
from example_shop.accounts.admin import NeverDeleted
from example_shop.invoices.models import Invoice


@admin.register(Invoice)
class InvoiceAdmin(ArchiveAdminMixin, NeverDeleted):
    """Invoices."""

    list_display = ("number", "issued_on", "billing_name", "billing_postcode", "billing_city", "total")
    search_fields = ("number", "billing_name", "billing_street", "billing_postcode", "billing_city")
    search_help_text = _("Number, name, street, postcode or city")
    date_hierarchy = "issued_on"
    exclude = ("pdf",)
    readonly_fields = ("document",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Invoices are issued with orders."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An invoice stays as issued."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The document beside the pages."""
        download = path(
            "<int:pk>/document/", self.admin_site.admin_view(self.download), name="invoices_invoice_document"
        )
        return [download, *super().get_urls()]

    @admin.display(description=_("document"))
    def document(self, invoice: Invoice) -> SafeString | str:
        """A link to the PDF."""
        if not invoice.pdf:
            return "–"
        return format_html(
            '<a href="{}">{}.pdf</a>',
            reverse("admin:invoices_invoice_document", args=[invoice.pk]),
            invoice.number,
        )

    def download(self, request: HttpRequest, pk: int) -> FileResponse:
        """The PDF, for staff who may see invoices."""
        invoice = self.get_object(request, str(pk))
        if invoice is None or not self.has_view_permission(request, invoice) or not invoice.pdf:
            raise Http404
        return FileResponse(
            invoice.pdf.open("rb"),
            as_attachment=True,
            filename=f"{invoice.number}.pdf",
            content_type="application/pdf",
        )
