"""The form by which staff record what a person said."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.consent import by_staff, wordings
from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.policy import EMAIL, SMS, current
from django_rgpd.registry.models import Kind


class ObjectionForm(forms.Form):
    """Whose objection, to what, by which way, and when it reached the shop."""

    kind = forms.ChoiceField(label=gettext_lazy("Known by"), choices=Kind.choices)
    address = forms.CharField(label=gettext_lazy("Address or number"), max_length=addresses.LONGEST)
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), required=False)
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    way = forms.ChoiceField(label=gettext_lazy("Told by"), choices=list(by_staff.WAYS.items()))
    day = forms.DateField(
        label=gettext_lazy("Received on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = now
        marketing = current().marketing
        channels = sorted({channel for one in marketing for channel in one.channels})
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            ("", _("all marketing")),
            *((one.key, one.label) for one in marketing),
        ]
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            ("", _("all channels")),
            *((one, wordings.channel_label(one)) for one in channels),
        ]
        self.fields["day"].initial = clock.legal_day(now)

    def clean(self) -> dict[str, Any]:
        """The address is one, and the day has come."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "kind" in cleaned and "address" in cleaned:
            try:
                addresses.canonical(cleaned["kind"], cleaned["address"])
            except BadAddress as error:
                self.add_error("address", str(error))
        if cleaned.get("day") and cleaned["day"] > clock.legal_day(self._now):
            self.add_error("day", _("This day has not come yet."))
        self._check_channel(cleaned.get("purpose"), cleaned.get("channel"), cleaned.get("kind"))
        return cleaned

    def _check_channel(self, purpose: str | None, channel: str | None, kind: str | None) -> None:
        """What would change nothing is refused: staff must not believe that it did."""
        if purpose and channel and channel not in current().purpose(purpose).channels:
            self.add_error("channel", _("This purpose does not go out by this channel."))
        elif (kind, channel) in {(Kind.EMAIL, SMS), (Kind.PHONE, EMAIL)}:
            self.add_error("channel", _("Nothing goes to this address by this channel."))

    def said_at(self) -> datetime:
        """The instant at which the objection counts: now for today, the end of the day for an earlier one.

        Of what she clicked on that same day staff cannot know the order, and an objection weighs more.
        """
        end = datetime.combine(self.cleaned_data["day"], time.max, tzinfo=clock.legal_zone())
        return min(end, self._now)
