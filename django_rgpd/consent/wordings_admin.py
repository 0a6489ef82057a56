"""The texts beside boxes in the admin: written there in each language, in force at once, never changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.consent import admin_names, writing
from django_rgpd.consent.models import Wording
from django_rgpd.core import clock
from django_rgpd.policy import current


class Unchanged:
    """Rows that no form changes or deletes."""

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False


class WordingForm(forms.ModelForm[Wording]):
    """Purpose and language are chosen; the text is plain, and no other person's version is in the way."""

    class Meta:
        model = Wording
        fields = ("purpose", "language", "text")

    def clean_text(self) -> str:
        """Not empty, not long, no HTML."""
        return writing.cleaned(self.cleaned_data["text"])


@admin.register(Wording)
class WordingAdmin(Unchanged, admin.ModelAdmin[Wording]):
    """A new text is a new version, an old one is never changed (art. 7.1); how many consents stand on each is shown."""

    form = WordingForm
    list_display = ("about", "spoken", "version", "shown_now", "standing", "valid_from", "beginning")
    list_filter = (("purpose", admin_names.Purposes), ("language", admin_names.Languages))
    ordering = ("purpose", "language", "-version")
    change_list_template = "django_rgpd/consent/wordings.html"
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Wording | None = None) -> tuple[str, ...]:
        """What is written; and of a version how it looks, where, and what stands on it."""
        if obj is None:
            return ("purpose", "language", "text")
        return ("about", "spoken", "version", "valid_from", "preview", "where", "shown_now", "standing")

    def get_readonly_fields(self, request: HttpRequest, obj: Wording | None = None) -> tuple[str, ...]:
        """All of a version."""
        return () if obj is None else self.get_fields(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the languages in which a text of staff is missing."""
        missing = writing.missing(now=clock.now())
        return super().changelist_view(request, {**(extra_context or {}), "missing": missing})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows, each with what stands on it: one query for all."""
        found = super().get_changelist_instance(request)
        _look(found.result_list)
        return found

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Wording | None:
        """One version, with the same."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            _look([found])
        return found

    def save_model(self, request: HttpRequest, obj: Wording, form: Any, change: bool) -> None:
        """Enter the text as the next version, valid from now on; name the languages that lack one."""
        written = writing.write(obj.purpose, obj.language, obj.text, now=clock.now())
        obj.pk, obj.version, obj.valid_from = written.pk, written.version, written.valid_from
        missing = [one for one in writing.missing(now=clock.now()) if one.purpose.key == obj.purpose]
        if missing:
            text = _("In these languages the text made from the label is still shown: %(missing)s.")
            messages.warning(request, text % {"missing": ", ".join(map(str, missing))})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Purposes and languages are chosen, not typed."""
        if db_field.name == "purpose":
            choices = [(one.key, one.label) for one in current().purposes if one.on_consent]
            return forms.ChoiceField(choices=choices, label=_("Purpose"))
        if db_field.name == "language":
            return forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"))
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("purpose"), ordering="purpose")
    def about(self, wording: Wording) -> str:
        """The purpose, by its label."""
        return admin_names.purpose(wording.purpose)

    @admin.display(description=gettext_lazy("language"), ordering="language")
    def spoken(self, wording: Wording) -> str:
        """The language, by its name."""
        return admin_names.language(wording.language)

    @admin.display(boolean=True, description=gettext_lazy("shown now"))
    def shown_now(self, wording: Wording) -> bool:
        """Whether pages show this version."""
        return bool(getattr(wording, "rgpd_shown", False))

    @admin.display(description=gettext_lazy("consents standing on it"))
    def standing(self, wording: Wording) -> int:
        """How many live consents stand on it."""
        return int(getattr(wording, "rgpd_standing", 0))

    @admin.display(description=gettext_lazy("text"))
    def beginning(self, wording: Wording) -> str:
        """Its beginning."""
        return wording.text if len(wording.text) <= 80 else f"{wording.text[:79]}…"

    @admin.display(description=gettext_lazy("as people see it"))
    def preview(self, wording: Wording) -> str:
        """The box with its text."""
        return format_html(
            '<label lang="{}"><input type="checkbox" disabled> {}</label>', wording.language, wording.text
        )

    @admin.display(description=gettext_lazy("where it stands"))
    def where(self, wording: Wording) -> str:
        """The pages that show it."""
        purpose = next((one for one in current().purposes if one.key == wording.purpose), None)
        return ", ".join(writing.places(purpose)) if purpose else _("nowhere: the policy does not name it")


def _look(rows: Any) -> None:
    listed = list(rows)
    counts = writing.standing_on({one.uuid for one in listed})
    shown = writing.in_force(now=clock.now())
    for one in listed:
        one.rgpd_standing, one.rgpd_shown = counts.get(one.uuid, 0), one.uuid in shown
