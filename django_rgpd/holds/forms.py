"""The forms by which staff place, review and lift a hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import Refused
from django_rgpd.holds import finding
from django_rgpd.holds.placing import Row
from django_rgpd.policy import current
from django_rgpd.registry import registry
from django_rgpd.registry.models import Hold, HoldKind, Kind, Person

REVIEWED_AFTER = relativedelta(months=3)
"""What the form proposes."""

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class Reason(forms.Form):
    """Why, in words for colleagues."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2_000,
        help_text=gettext_lazy(
            "For colleagues: a file number, what is awaited. Name nobody; the person does not see it."
        ),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now


class Review(Reason):
    """Why it goes on, and when it is looked at next."""

    review_on = forms.DateField(label=gettext_lazy("To be reviewed on"), widget=_DAY)

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, now=now, **kwargs)
        self.fields["review_on"].initial = clock.legal_day(now) + REVIEWED_AFTER


class Place(Review):
    """Whose data or which row, why, and for which purposes."""

    kind = forms.ChoiceField(label=gettext_lazy("Why it is held"), choices=HoldKind.choices)
    label = forms.ChoiceField(
        label=gettext_lazy("One row: table"),
        required=False,
        help_text=gettext_lazy("What follows that row (its payments, say) is held with it."),
    )
    key = forms.CharField(label=gettext_lazy("One row: key"), required=False, max_length=255)
    address_kind = forms.ChoiceField(
        label=gettext_lazy("All of a person: known by"), choices=Kind.choices, required=False
    )
    address = forms.CharField(
        label=gettext_lazy("Her address or number"),
        required=False,
        max_length=addresses.LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("It finds the person and is not kept."),
    )
    account = forms.CharField(
        label=gettext_lazy("or the key of her account"),
        required=False,
        max_length=255,
        help_text=gettext_lazy("The uuid of somebody without an account does as well."),
    )
    purposes = forms.MultipleChoiceField(
        label=gettext_lazy("Only for these purposes"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all of them. Hold no more than the case needs."),
    )
    field_order = (
        "kind",
        "label",
        "key",
        "address_kind",
        "address",
        "account",
        "purposes",
        "reason",
        "review_on",
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, now=now, **kwargs)
        own = Hold._meta.app_label
        tables = sorted(
            (str(entry.model._meta.verbose_name_plural), entry.label)
            for entry in registry
            if entry.declaration.fields and entry.model._meta.app_label != own
        )
        self.fields["label"].choices = [("", "—"), *((key, f"{name} ({key})") for name, key in tables)]  # type: ignore[attr-defined]
        self.fields["purposes"].choices = [(one.key, one.label) for one in current().purposes]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Exactly one thing that is held, as ``row`` or ``person``."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        told = [name for name in ("key", "address", "account") if data.get(name)]
        if len(told) != 1 or bool(data.get("key")) != bool(data.get("label")):
            raise forms.ValidationError(
                _("Say either one row (table and key), or one person (her address, or her account's key).")
            )
        data["row"] = Row(data["label"], data["key"]) if data["key"] else None
        data["person"] = None if data["key"] or self.errors else self._person(data)
        return data

    def _person(self, data: dict[str, Any]) -> Person:
        try:
            if data["account"]:
                return finding.by_number(data["account"], now=self.now)
            return finding.by_address(data["address_kind"] or Kind.EMAIL, data["address"], now=self.now)
        except Refused as no:
            raise forms.ValidationError(str(no.reason)) from None
