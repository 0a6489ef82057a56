"""A customer's wish list."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from example_shop.catalogue.models import Product
from example_shop.wishes.models import Wish


class NoteForm(forms.ModelForm[Wish]):
    """What to remember about a wish."""

    class Meta:
        model = Wish
        fields: ClassVar[list[str]] = ["note"]


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """The list."""
    rows = Wish.objects.filter(user=request.user.pk).select_related("product")
    return render(request, "wishes/list.html", {"wishes": rows, "here": "wishes"})


@require_POST
@login_required
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Wish for a product."""
    product = get_object_or_404(Product, slug=slug)
    Wish.objects.get_or_create(user_id=request.user.pk, product=product)
    return redirect("wishes:list")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the note."""
    wish = get_object_or_404(Wish, pk=pk, user=request.user.pk)
    form = NoteForm(request.POST or None, instance=wish)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("wishes:list")
    return render(request, "accounts/edit.html", {"form": form, "title": wish.product.name, "here": "wishes"})


@require_POST
@login_required
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Wish for it no more."""
    get_object_or_404(Wish, pk=pk, user=request.user.pk).delete()
    return redirect("wishes:list")
