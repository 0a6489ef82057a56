"""Boxes of consent on forms: unticked, one a purpose, each with a reference to the text that stood beside
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from django_rgpd.consent import wordings
from django_rgpd.consent.models import Wording

HONEYPOT = "website"


def add_box(form: forms.BaseForm, name: str, wording: Wording, *, label: str = "") -> None:
    """Add the unticked box ``name`` to ``form``, and a hidden field that says which text it showed."""
    form.fields[name] = forms.BooleanField(required=False, initial=False, label=label or wording.text)
    form.fields[text_name(name)] = forms.CharField(
        required=False,
        max_length=64,
        initial=wordings.reference_of(wording),
        widget=forms.HiddenInput,
    )


def text_name(name: str) -> str:
    """What the hidden field beside the box ``name`` is called."""
    return f"{name}_text"


def agreed_to(form: forms.BaseForm, boxes: Mapping[str, str], *, now: datetime) -> dict[str, Wording]:
    """The wordings of those of ``boxes`` (name → purpose) that are ticked; one whose text was never shown
    gets an error.
    """
    found = {}
    language = get_language() or ""
    for name, purpose in boxes.items():
        if not form.cleaned_data.get(name):
            continue
        reference = form.cleaned_data.get(text_name(name)) or ""
        wording = wordings.agreed(purpose, language, reference, now=now)
        if wording is None:
            form.add_error(name, _("The text beside this box has changed. Please read it again."))
        else:
            found[name] = wording
    return found
