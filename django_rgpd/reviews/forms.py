"""What a review's form asks of its author: whether to publish, and under which name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import Model
from django.utils import translation
from django.utils.translation import gettext as _

from django_rgpd.consent import wordings
from django_rgpd.core import clock
from django_rgpd.registry.models import Person
from django_rgpd.reviews import publication
from django_rgpd.reviews.public_name import FALLBACK, public_name

if TYPE_CHECKING:
    from django_rgpd.consent.models import Wording

NAME, NEUTRAL = "name", "neutral"


class PublicationMixin(forms.Form):
    """Put before a form's class: adds an unticked box with its wording, and the choice of a name, with a preview.

    The form is made with ``first`` and ``last``, the author's names. ``published_as`` is the preview.
    """

    purpose: ClassVar[str] = "reviews"
    AGREE, AS, SHOWN = "publish_agreed", "publish_as", "publish_wording"

    def __init__(self, *args: Any, first: str, last: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first, self.last = first, last
        name, neutral = public_name(first, last), str(FALLBACK)
        choices = [(NAME, name)] if name == neutral else [(NAME, name), (NEUTRAL, neutral)]
        self.fields[self.AS] = forms.ChoiceField(
            label=_("Published as"),
            choices=choices,
            initial=NAME,
            required=False,
            widget=forms.RadioSelect,
            help_text=_("Nothing else of your name is shown anywhere."),
        )
        text = wordings.current(self.purpose, _language())
        self.fields[self.AGREE] = forms.BooleanField(label=text.text, required=False)
        self.fields[self.SHOWN] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=wordings.reference_of(text)
        )

    def clean(self) -> dict[str, Any]:
        """A consent to a text that is not the shop's is none: the form is shown again with the one in force."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get(self.AGREE) and self._wording(clock.now()) is None:
            self.add_error(self.AGREE, _("This text has changed; please read it again."))
        return cleaned

    @property
    def published_as(self) -> str:
        """The name that the author has chosen so far, for the preview."""
        return str(FALLBACK) if self._neutral else public_name(self.first, self.last)

    @property
    def agreed(self) -> bool:
        """Whether the author ticked the box, in a form that is valid."""
        return self.is_valid() and bool(self.cleaned_data[self.AGREE])

    def publish(self, review: Model, *, person: Person, now: datetime, how: str = "review form") -> str:
        """Publish and save ``review``, to which its author has agreed; returns its name.

        Raises ``ValueError`` where she has not.
        """
        if not self.agreed:
            msg = "A review is published with its author's consent only."
            raise ValueError(msg)
        return publication.publish(
            review,
            person=person,
            first=self.first,
            last=self.last,
            neutral=self._neutral,
            wording=self._wording(now),
            how=how,
            now=now,
        )

    @property
    def _neutral(self) -> bool:
        return str(self.data.get(self.add_prefix(self.AS), "")) == NEUTRAL

    def _wording(self, now: datetime) -> Wording | None:
        reference = str(self.cleaned_data.get(self.SHOWN) or "")
        return wordings.agreed(self.purpose, _language(), reference, now=now)


def _language() -> str:
    return translation.get_language() or ""
