"""Handing out an invoice's document, to its customer only."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from example_shop.invoices.models import Invoice


@require_safe
@login_required
@cache_control(private=True, no_store=True)
def download(request: HttpRequest, number: str) -> FileResponse:
    """The PDF; another customer's does not exist."""
    invoice = get_object_or_404(Invoice, number=number, order__customer=request.user.pk)
    try:
        file = invoice.pdf.open("rb")
    except (ValueError, FileNotFoundError):
        raise Http404 from None
    return FileResponse(
        file, as_attachment=True, filename=f"{invoice.number}.pdf", content_type="application/pdf"
    )
