"""Writing a review."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from example_shop.reviews.models import Review


class ReviewForm(forms.ModelForm[Review]):
    """Rating, title, text, and the agreement to publish under the name shown."""

    rating = forms.TypedChoiceField(
        label=gettext_lazy("How many stars"),
        coerce=int,
        choices=[(n, "★" * n) for n in range(5, 0, -1)],
        initial=5,
    )
    publish_consent = forms.BooleanField(
        label="",
        error_messages={
            "required": gettext_lazy("We publish reviews with their author's agreement only: tick the box.")
        },
    )

    class Meta:
        model = Review
        fields = ("rating", "title", "text", "experienced_on", "publish_consent")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "text": forms.Textarea(attrs={"rows": 6}),
            "experienced_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, shown_as: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["publish_consent"].label = _("I agree that my review is published as by “%(name)s”") % {
            "name": shown_as
        }
        self.fields["publish_consent"].help_text = _(
            "Nothing else of your name is shown, and you can take it back at any time."
        )

    def clean_experienced_on(self) -> Any:
        """Nobody has used a thing tomorrow."""
        day = self.cleaned_data["experienced_on"]
        if day and (day > timezone.localdate() or day.year < 1900):
            raise forms.ValidationError(_("This day has not come yet, or was too long ago."))
        return day
