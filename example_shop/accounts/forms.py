"""What customers tell the shop about themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from django_rgpd.core import limits
from django_rgpd.core.errors import BadAddress, StoreDown
from example_shop.accounts.models import Address, RelativeBirthday, User
from example_shop.accounts.names import one_line


class LoginForm(AuthenticationForm):
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Email address")
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})

    def clean_username(self) -> str:
        """However it is capitalised."""
        return str(self.cleaned_data["username"]).strip().lower()


class SignUpForm(forms.Form):
    """What an account begins with; the password is chosen after the click that proves the address."""

    email = forms.EmailField(
        label=_("Email address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    first_name = forms.CharField(
        label=_("First name"),
        max_length=80,
        required=False,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=80,
        required=False,
        validators=[one_line],
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )

    def names(self) -> dict[str, str]:
        """What a new account is made of."""
        language = "fr" if (get_language() or "").startswith("fr") else "en"
        return {
            "first_name": self.cleaned_data["first_name"],
            "last_name": self.cleaned_data["last_name"],
            "language": language,
        }


class ResetForm(PasswordResetForm):
    """Who has forgotten her password; no address gets more mails by it than the limits allow."""

    def save(self, **options: Any) -> None:
        """Send the link, where there is an account and it was not sent a moment ago."""
        request = options.get("request")
        try:
            may_send = limits.mail_allowed(
                self.cleaned_data["email"],
                limits.client_ip(request) if request else None,
                what="reset",
            )
        except (BadAddress, StoreDown):
            return
        if may_send:
            options["extra_email_context"] = {"base_url": settings.RGPD["BASE_URL"]}
            super().save(**options)


class ConfirmForm(SetPasswordForm):
    """The password that opens a new account."""


class ProfileForm(forms.ModelForm[User]):
    """What the shop calls the customer, and how."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "phone", "birth_date", "language")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
            "birth_date": forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
        }

    def clean_birth_date(self) -> Any:
        """Nobody is born tomorrow."""
        day = self.cleaned_data["birth_date"]
        if day and not 1900 <= day.year <= timezone.localdate().year:
            raise forms.ValidationError(_("This cannot be a date of birth."))
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("This cannot be a date of birth."))
        return day


class AddressForm(forms.ModelForm[Address]):
    """Where to send things."""

    class Meta:
        model = Address
        fields = ("name", "street", "postcode", "city", "country", "phone")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "street": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "postcode": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        }


class BirthdayForm(forms.ModelForm[RelativeBirthday]):
    """A birthday to be reminded of."""

    class Meta:
        model = RelativeBirthday
        fields = ("name", "date")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        }
