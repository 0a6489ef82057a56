"""The form with which a list is handed in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.consent import admin_names, wordings
from django_rgpd.consent.models import Wording
from django_rgpd.core import conf
from django_rgpd.imports import trial
from django_rgpd.imports.judging import LONGEST_TEXT
from django_rgpd.imports.reading import LARGEST
from django_rgpd.policy import EMAIL, SMS


class ListForm(forms.Form):
    """Which file, what the people in it agreed to, and which text they saw where the file does not say."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, at most 50 MB. The first line names the columns."),
    )
    about = forms.ChoiceField(label=gettext_lazy("What they agreed to"))
    wording = forms.ChoiceField(
        label=gettext_lazy("The text they saw"),
        required=False,
        help_text=gettext_lazy(
            "For lines that name no wording. A text is no proof for a consent that is older than it."
        ),
    )
    text = forms.CharField(
        label=gettext_lazy("Or the text itself"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=gettext_lazy("As it stood beside the box of the form, where it is not in the list above."),
    )
    language = forms.ChoiceField(label=gettext_lazy("Its language"), choices=lambda: settings.LANGUAGES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["about"].choices = [  # type: ignore[attr-defined]
            (f"{one.key} {channel}", f"{one.label} {wordings.channel_label(channel)}")
            for one in trial.purposes().values()
            for channel in one.channels
            if channel in {EMAIL, SMS}
        ]
        known = Wording.objects.filter(site=conf.get().SITE, purpose__in=trial.purposes()).order_by("pk")
        self.fields["wording"].choices = [  # type: ignore[attr-defined]
            ("", _("each line names it")),
            *((str(one.uuid), _told(one)) for one in known),
        ]
        self.fields["language"].initial = settings.LANGUAGE_CODE

    def clean(self) -> dict[str, Any]:
        """The text is about the purpose, and there is one of the two at most."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        text, chosen = cleaned.get("text", "").strip(), cleaned.get("wording", "")
        cleaned["purpose"], _space, cleaned["channel"] = cleaned.get("about", "").partition(" ")
        if text and chosen:
            self.add_error("text", _("Choose a text, or write it: not both."))
        of = Wording.objects.filter(uuid=chosen).first() if chosen else None
        if of is not None and of.purpose != cleaned["purpose"]:
            self.add_error("wording", _("This text is about another purpose."))
        if cleaned.get("file") and cleaned["file"].size > LARGEST:
            self.add_error("file", _("The file is larger than 50 MB: cut it in two."))
        cleaned["text"] = f"{cleaned.get('language')} {text}" if text else ""
        return cleaned


def _told(one: Wording) -> str:
    told = {
        "purpose": admin_names.purpose(one.purpose),
        "language": admin_names.language(one.language),
        "version": one.version,
        "text": one.text[:80],
    }
    return _("%(purpose)s, %(language)s, version %(version)d: %(text)s") % told
