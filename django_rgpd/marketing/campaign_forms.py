"""The forms of a campaign in the admin: the purpose is chosen, the HTML is cleaned while it is written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.marketing import campaigns, markup
from django_rgpd.marketing.models import Campaign, CampaignText


class CampaignForm(forms.ModelForm[Campaign]):
    """A name for colleagues, and what it is for."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"),
        help_text=gettext_lazy(
            "It goes to everybody who agreed to this, or whom the policy lets you write to."
        ),
    )

    class Meta:
        model = Campaign
        fields = ("name", "purpose")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one.key, capfirst(str(one.label))) for one in campaigns.purposes()]
        if self.instance.purpose and self.instance.purpose not in dict(choices):
            choices.insert(0, ("", "---------"))  # else the first one would be shown, and nobody chose it
        if "purpose" in self.fields:
            self.fields["purpose"] = forms.ChoiceField(
                choices=choices, label=_("Purpose"), help_text=self.fields["purpose"].help_text
            )


class TextForm(forms.ModelForm[CampaignText]):
    """What the campaign says in one language."""

    class Meta:
        model = CampaignText
        fields = ("language", "subject", "text", "html")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "language" in self.fields and not self.instance.pk:
            self.fields["language"].initial = settings.LANGUAGE_CODE
        if "html" in self.fields and not markup.available():
            del self.fields["html"]


class TextFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """At least one text, and each language once."""

    def clean(self) -> None:
        """Say what is missing beside the forms."""
        super().clean()
        written = [
            form
            for form in self.forms
            if form.cleaned_data.get("text") and not form.cleaned_data.get("DELETE")
        ]
        if not any(self.errors) and not written:
            raise forms.ValidationError(_("Write a text in at least one language."))
