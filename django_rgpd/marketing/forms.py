"""The newsletter's form: an address, one unticked box a purpose, and the text that stood beside each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from django_rgpd.consent import wordings
from django_rgpd.consent.models import Wording
from django_rgpd.core import addresses, clock, spoken
from django_rgpd.core.errors import BadAddress
from django_rgpd.marketing.boxes import HONEYPOT, add_box, agreed_to
from django_rgpd.policy import EMAIL, Purpose, current


def offered(keys: Iterable[str] = ()) -> list[Purpose]:
    """The marketing purposes that one can agree to by email: those of ``keys``, or all of them."""
    wanted = set(keys)
    return [
        one
        for one in current().marketing
        if one.on_consent and EMAIL in one.channels and (not wanted or one.key in wanted)
    ]


class _Language(forms.Field):
    """One of the site's. Nobody types it: whatever else is posted counts as that of the page."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What the form says when it is shown again."""
        return data if data in dict(settings.LANGUAGES) else initial


class NewsletterForm(forms.Form):
    """Signs an address up, by double opt-in; ``purposes`` limits which boxes are shown."""

    email = forms.CharField(
        label=gettext_lazy("Your email address"),
        max_length=addresses.LONGEST,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(
        self, *args: Any, purposes: Iterable[str] = (), now: datetime | None = None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("auto_id", "rgpd_%s")
        super().__init__(*args, **kwargs)
        self._now = now or clock.now()
        self.purposes_shown = offered(purposes)
        self._boxes = {f"agree_{one.key}": one.key for one in self.purposes_shown}
        language = get_language() or ""
        for name, purpose in self._boxes.items():
            add_box(self, name, wordings.shown(purpose, language, now=self._now))
        # The page may be in another language than the browser of who answers it.
        self.fields[spoken.LANGUAGE] = _Language(required=False, initial=language, widget=forms.HiddenInput)
        # People do not see it; programs that fill in every field do.
        self.fields[HONEYPOT] = forms.CharField(
            required=False,
            label=gettext_lazy("Leave this empty"),
            widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
        )

    @property
    def asked_fields(self) -> list[forms.BoundField]:
        """The fields that people see, in their order."""
        return [one for one in self.visible_fields() if one.name != HONEYPOT]

    @property
    def trap(self) -> forms.BoundField:
        """The field that only programs see."""
        return self[HONEYPOT]

    @property
    def from_a_program(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.cleaned_data.get(HONEYPOT))

    @property
    def agreed(self) -> dict[str, Wording]:
        """Purpose → the wording shown, of each ticked box."""
        found: dict[str, Wording] = self.cleaned_data["agreed"]
        return found

    @property
    def language(self) -> str:
        """The language of what she read, and so of the mail that asks her to confirm it."""
        return next(one.language for one in self.agreed.values())

    def clean_email(self) -> str:
        """The canonical form of the address."""
        try:
            return addresses.canonical(addresses.EMAIL, self.cleaned_data["email"])
        except BadAddress:
            raise forms.ValidationError(_("Enter an email address such as name@example.com.")) from None

    def clean(self) -> dict[str, Any]:
        """At least one box is ticked, and its text is one that was shown."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        ticked = agreed_to(self, self._boxes, now=self._now)
        cleaned["agreed"] = {self._boxes[name]: wording for name, wording in ticked.items()}
        if not cleaned["agreed"] and not self.errors:
            raise forms.ValidationError(_("Tick the box of what you would like to receive."))
        return cleaned
