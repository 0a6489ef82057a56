"""Writing a review."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.reviews.forms import PublicationMixin
from example_shop.reviews.models import Review


class ReviewForm(PublicationMixin, forms.ModelForm[Review]):  # type: ignore[misc]
    """Rating, title, text; then the library's questions: whether to publish, and under which name."""

    rating = forms.TypedChoiceField(
        label=gettext_lazy("How many stars"),
        coerce=int,
        choices=[(n, "★" * n) for n in range(5, 0, -1)],
        initial=5,
    )

    class Meta:
        model = Review
        fields = ("rating", "title", "text", "experienced_on")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "text": forms.Textarea(attrs={"rows": 6}),
            "experienced_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def clean_experienced_on(self) -> Any:
        """Nobody has used a thing tomorrow."""
        day = self.cleaned_data["experienced_on"]
        if day and (day > timezone.localdate() or day.year < 1900):
            raise forms.ValidationError(_("This day has not come yet, or was too long ago."))
        return day

    def clean(self) -> dict[str, Any]:
        """A review that may not be published is of no use to the shop, which does not keep it."""
        found: dict[str, Any] = super().clean()
        if not found.get(self.AGREE) and self.AGREE not in self.errors:
            self.add_error(
                self.AGREE, _("We publish reviews with their author's agreement only: tick the box.")
            )
        return found
