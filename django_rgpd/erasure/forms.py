"""The form by which staff carry out a request for erasure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from django_rgpd.core import addresses
from django_rgpd.core.errors import BadAddress
from django_rgpd.registry import people, registry

if TYPE_CHECKING:
    from django_rgpd.registry.models import Person


class OnRequest(forms.Form):
    """Staff erase a person who asked by letter, mail or phone: the address, the reason, the plan that was
    read."""

    email = forms.CharField(label=_("Address of the person"), max_length=254)
    reason = forms.CharField(
        label=_("How it was asked"),
        max_length=200,
        help_text=_("The letter's date or the ticket's number; no name."),
    )
    keep = forms.BooleanField(
        required=False, label=_("Keep what she published, without a way back to her, as far as she was asked")
    )
    suppress = forms.BooleanField(required=False, label=_("Never write to her again"))
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean_email(self) -> str:
        """The canonical address."""
        try:
            return addresses.canonical(addresses.EMAIL, self.cleaned_data["email"])
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from None

    def person(self, *, now: datetime) -> Person | None:
        """Whose address it is: somebody known by it, else the account that logs in with it."""
        email = self.cleaned_data["email"]
        found = people.known(addresses.EMAIL, email)
        if found is not None:
            return people.standing_for(found)
        model = get_user_model()
        user = model._base_manager.filter(**{f"{model.get_email_field_name()}__iexact": email}).first()
        return None if user is None else people.person_of(user, now=now)

    def choices(self) -> dict[str, object]:
        """As the engine takes them."""
        what = "keep" if self.cleaned_data.get("keep") else "delete"
        asks = {entry.declaration.ask.key: what for entry in registry if entry.declaration.ask}
        given = self.cleaned_data
        return {**asks, "suppress": bool(given.get("suppress")), "reason": given["reason"]}
