"""The form by which staff say that a processor has done it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class DoneForm(forms.Form):
    """The evidence."""

    reference = forms.CharField(
        label=gettext_lazy("Evidence"),
        max_length=100,
        help_text=gettext_lazy("Their number, or the day of their answer. Name nobody: this stays."),
    )

    def clean_reference(self) -> str:
        """No address: the evidence outlives the person's data."""
        text = str(self.cleaned_data["reference"])
        if "@" in text:
            raise forms.ValidationError(_("This stays for years: name nobody, and give no address."))
        return text
