"""Writing reviews, and one's own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_rgpd.core import clock
from example_shop.accounts.models import User
from example_shop.catalogue.models import Product
from example_shop.reviews import write as writing
from example_shop.reviews.forms import ReviewForm
from example_shop.reviews.models import Review


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def write(request: HttpRequest, slug: str) -> HttpResponse:
    """Write or change a review; "preview" shows it first."""
    product = get_object_or_404(Product, slug=slug)
    author = User.objects.get(pk=request.user.pk)
    form = ReviewForm(
        request.POST or None,
        instance=writing.draft(author, product),
        first=author.first_name,
        last=author.last_name,
    )
    preview = None
    if request.method == "POST" and form.is_valid():
        if "preview" not in request.POST:
            try:
                writing.publish(form, author=author, now=clock.now())
            except IntegrityError:  # sent twice at the same moment
                return redirect(product)
            messages.success(request, _("Thank you. Your review is published."))
            return redirect(product)
        preview = form.save(commit=False)
        preview.public_name, preview.created_at = form.published_as, clock.now()
    context = {"form": form, "product": product, "preview": preview, "shown_as": form.published_as}
    return render(request, "reviews/write.html", context)


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """A customer's own reviews."""
    rows = Review.objects.filter(author=request.user.pk).select_related("product")
    return render(request, "reviews/mine.html", {"reviews": rows, "here": "reviews"})


@require_POST
@login_required
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of them."""
    writing.take_back(get_object_or_404(Review, pk=pk, author=request.user.pk), now=clock.now())
    messages.success(request, _("Your review is deleted."))
    return redirect("reviews:mine")
