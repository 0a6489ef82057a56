"""Signing up, and a customer's own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.tokens import default_token_generator
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_rgpd.core import clock
from django_rgpd.core.limits import client_ip
from example_shop.accounts import sign_up as signing_up
from example_shop.accounts.forms import AddressForm, BirthdayForm, ConfirmForm, ProfileForm, SignUpForm
from example_shop.accounts.models import Address, RelativeBirthday, User
from example_shop.accounts.proof import address_clicked

PAGE = require_http_methods(["GET", "HEAD", "POST"])


@PAGE
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    """Take an address; the answer is the same for everybody's."""
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, ip = form.cleaned_data["email"], client_ip(request)
        signing_up.ask(email, ip=ip, now=clock.now(), **form.names())
        return redirect("accounts:sign_up_asked")
    return render(request, "accounts/sign_up.html", {"form": form})


@require_safe
def sign_up_asked(request: HttpRequest) -> HttpResponse:
    """Look into your mailbox."""
    return render(request, "accounts/sign_up_asked.html")


@PAGE
@never_cache
@sensitive_post_parameters()
def confirm(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Choose a password; the click proves the address."""
    user = _waiting(uid, token)
    if user is None:
        return render(request, "accounts/bad_link.html", status=404)
    form = ConfirmForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user.is_active, user.pending_since = True, None
        form.save()
        address_clicked(user)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        messages.success(request, _("Welcome. Your account is ready."))
        return redirect("accounts:account")
    return render(request, "accounts/confirm.html", {"form": form})


def _waiting(uid: str, token: str) -> User | None:
    try:
        user = User.objects.filter(pk=int(force_str(urlsafe_base64_decode(uid)))).first()
    except (ValueError, UnicodeDecodeError, OverflowError):
        return None
    if (
        user is None
        or not signing_up.is_waiting(user)
        or not default_token_generator.check_token(user, token)
    ):
        return None
    return user


@require_safe
@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Where everything of a customer begins."""
    orders = request.user.orders.all()[:3]
    return render(request, "accounts/account.html", {"orders": orders, "here": "account"})


@PAGE
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    """Name, phone, birthday, language."""
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form, "here": "profile"})


@require_safe
@login_required
@never_cache
def addresses(request: HttpRequest) -> HttpResponse:
    """Where things are sent to."""
    rows = request.user.addresses.order_by("pk")
    return render(request, "accounts/addresses.html", {"addresses": rows, "here": "addresses"})


@require_safe
@login_required
@never_cache
def birthdays(request: HttpRequest) -> HttpResponse:
    """Birthdays of others."""
    rows = request.user.birthdays.order_by("date")
    return render(request, "accounts/birthdays.html", {"birthdays": rows, "here": "birthdays"})


@PAGE
@login_required
@never_cache
def address(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new address, or one to change."""
    row = get_object_or_404(Address, pk=pk, user=request.user) if pk else Address(user_id=request.user.pk)
    return _edit(request, AddressForm, row, done="accounts:addresses", title=_("Address"))


@PAGE
@login_required
@never_cache
def birthday(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new birthday, or one to change."""
    found = get_object_or_404(RelativeBirthday, pk=pk, user=request.user) if pk else None
    row = found or RelativeBirthday(user_id=request.user.pk)
    return _edit(request, BirthdayForm, row, done="accounts:birthdays", title=_("Birthday"))


@require_POST
@login_required
def forget_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an address away."""
    get_object_or_404(Address, pk=pk, user=request.user).delete()
    return redirect("accounts:addresses")


@require_POST
@login_required
def forget_birthday(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a birthday away."""
    get_object_or_404(RelativeBirthday, pk=pk, user=request.user).delete()
    return redirect("accounts:birthdays")


def _edit(
    request: HttpRequest, form_class: type[ModelForm[Any]], row: Any, *, done: str, title: str
) -> HttpResponse:
    form = form_class(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(done)
    here = done.rpartition(":")[2]
    return render(request, "accounts/edit.html", {"form": form, "title": title, "here": here})
