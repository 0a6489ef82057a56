"""The forms of the customer's page; what they do not name is ignored, whatever is posted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from django_rgpd.core import addresses
from django_rgpd.core.errors import BadAddress
from django_rgpd.erasure.plan import Plan

ASK = "ask-"
KEEP = "keep"
DELETE = "delete"


class AddressForm(forms.Form):
    """One email address."""

    email = forms.CharField(
        label=_("Your email address"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={"required": _("Please write your email address.")},
    )

    def clean_email(self) -> str:
        """The address in its one canonical form."""
        try:
            return addresses.canonical(addresses.EMAIL, self.cleaned_data["email"])
        except BadAddress:
            raise forms.ValidationError(
                _("This is no email address. It should look like name@example.com.")
            ) from None


class PasswordForm(forms.Form):
    """The account's password, once more."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Please write your password.")},
    )


class CodeForm(forms.Form):
    """The code that was mailed."""

    code = forms.CharField(
        label=_("The code of six digits"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"required": _("Please write the code from our mail.")},
    )

    def clean_code(self) -> str:
        """The digits alone: people copy spaces along."""
        return "".join(self.cleaned_data["code"].split())


class DeletionForm(forms.Form):
    """What the person decides on the deletion page, and the digest of the plan that she was shown."""

    plan = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, plan: Plan) -> None:
        super().__init__(data, initial={"plan": plan.digest})
        for one in plan.asks:
            self.fields[f"{ASK}{one.key}"] = forms.ChoiceField(
                label=one.question,
                choices=[(KEEP, one.keep), (DELETE, one.delete)],
                initial=KEEP if one.default_keep else DELETE,
                widget=forms.RadioSelect,
                error_messages={"required": _("Please choose one of the two.")},
            )
        self.fields["suppress"] = forms.BooleanField(
            label=_("Never write to me again"),
            required=False,
            help_text=_(
                "We then keep an unreadable fingerprint of your address, for this alone: that nobody can put"
                " it on a mailing list of ours again."
            ),
        )

    @property
    def choices(self) -> dict[str, object]:
        """What was decided, as the engine reads it."""
        asked = {
            name.removeprefix(ASK): value for name, value in self.cleaned_data.items() if name.startswith(ASK)
        }
        return {**asked, "suppress": self.cleaned_data["suppress"]}
