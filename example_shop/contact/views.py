"""The contact form."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from django_rgpd.core import clock
from django_rgpd.core.errors import StoreDown
from django_rgpd.core.limits import HOUR, MINUTE, allowed, client_ip
from django_rgpd.registry import contacted
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage

PER_NETWORK = ((10, 10 * MINUTE), (60, 24 * HOUR))


class MessageForm(forms.ModelForm[ContactMessage]):
    """What somebody wants to say."""

    website = forms.CharField(required=False, widget=forms.HiddenInput)
    """Nobody sees it: who fills it in is a program."""

    class Meta:
        model = ContactMessage
        fields = ("name", "email", "subject", "text")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "text": forms.Textarea(attrs={"rows": 7}),
        }

    def clean_email(self) -> str:
        """Written as the shop writes addresses."""
        return str(self.cleaned_data["email"]).strip().lower()


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def write(request: HttpRequest) -> HttpResponse:
    """Take a message."""
    user = request.user if isinstance(request.user, User) else None
    form = MessageForm(request.POST or None, initial=_known(user))
    if request.method == "POST" and form.is_valid():
        if not _may_write(request):
            form.add_error(None, _("Too many messages came from your network: try again later."))
            return render(request, "contact/write.html", {"form": form}, status=429)
        if not form.cleaned_data["website"]:
            message = form.save(commit=False)
            message.user = user
            message.save()
            if user is not None:  # an address that somebody typed says nothing of its owner
                contacted(user, at=clock.now())
        messages.success(request, _("Thank you for your message. We answer within two days."))
        return redirect("contact:write")
    return render(request, "contact/write.html", {"form": form})


def _known(user: User | None) -> dict[str, Any]:
    return {"name": user.get_full_name(), "email": user.email} if user else {}


def _may_write(request: HttpRequest) -> bool:
    try:
        return allowed("contact", client_ip(request), PER_NETWORK)
    except StoreDown:
        return True
