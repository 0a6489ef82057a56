"""The checkout."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.marketing.checkout import MarketingBoxes
from example_shop.accounts.models import User
from example_shop.orders.models import Order

BUYER = ("guest_email", "name", "street", "postcode", "city", "country", "phone", "delivery_note")
GIFT = ("gift_name", "gift_street", "gift_postcode", "gift_city", "gift_email", "gift_message")
NEEDED = ("name", "street", "postcode", "city", "country")
NEEDED_FOR_A_GIFT = ("gift_name", "gift_street", "gift_postcode", "gift_city")


class CheckoutForm(MarketingBoxes, forms.ModelForm[Order]):  # type: ignore[misc]
    """Who buys, where it goes, and the terms; a present when a recipient is named; the library's boxes."""

    terms = forms.BooleanField(
        label=gettext_lazy("I accept the terms of sale"),
        error_messages={"required": gettext_lazy("An order needs your agreement to the terms of sale.")},
    )

    class Meta:
        model = Order
        fields = (*BUYER, *GIFT)
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "guest_email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "street": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "postcode": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
            "gift_message": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user is not None:
            del self.fields["guest_email"]
        else:
            self.fields["guest_email"].required = True
            self.fields["guest_email"].label = _("Email address")
        for name in NEEDED:
            self.fields[name].required = True
        self.fields["phone"].help_text = _("For the carrier, should nobody be there.")

    def clean_guest_email(self) -> str:
        """Written as the shop writes addresses."""
        return str(self.cleaned_data["guest_email"]).strip().lower()

    def clean_delivery_note(self) -> str:
        """On one line: it is printed on a label."""
        return " ".join(str(self.cleaned_data["delivery_note"]).split())

    def clean(self) -> dict[str, Any] | None:
        """A present needs the whole of where it goes."""
        found = super().clean()
        values = self.cleaned_data
        if any(values.get(name) for name in GIFT):
            for name in NEEDED_FOR_A_GIFT:
                if not values.get(name) and name not in self.errors:
                    self.add_error(name, _("A present cannot arrive without this."))
        return found

    @property
    def buyer_fields(self) -> list[BoundField]:
        """What is asked of the buyer."""
        return [self[name] for name in BUYER if name in self.fields]

    @property
    def gift_fields(self) -> list[BoundField]:
        """What is asked about the recipient."""
        return [self[name] for name in GIFT]

    @property
    def marketing_fields(self) -> list[BoundField]:
        """The library's unticked boxes about hearing from the shop, with what they carry unseen."""
        others = {*BUYER, *GIFT, "terms"}
        return [self[name] for name in self.fields if name not in others]

    @property
    def gift_wanted(self) -> bool:
        """Whether that part of the form is to be shown open."""
        return any(self[name].value() or self[name].errors for name in GIFT)
