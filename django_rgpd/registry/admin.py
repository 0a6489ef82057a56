"""People as staff see them: read-only, addresses masked, found by an address that never stands in a URL."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from django_rgpd.core import conf
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Kind, Person


def masked(kind: str, canonical: str | None) -> str:
    """An address as staff may read it over a shoulder: its first letter and its domain, or the last two digits."""
    if canonical is None:
        return _("erased")
    if kind == Kind.PHONE:
        return f"…{canonical[-2:]}"
    local, at, domain = canonical.rpartition("@")
    return f"{local[:1]}…{at}{domain}"


class FindForm(forms.Form):
    """One person, by an address of hers, which is looked up by its digest, by her uuid or by the key of her account."""

    address = forms.CharField(
        label=gettext_lazy("Email address, phone number, uuid or account key"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_address(self) -> str:
        """The person who is meant, as ``person``."""
        typed: str = self.cleaned_data["address"]
        found = _meant(typed)
        if found is None:
            raise forms.ValidationError(_("Nobody is known by this."))
        self.cleaned_data["person"] = found
        return typed


def _meant(typed: str) -> Person | None:
    here = Person.objects.filter(site=conf.get().SITE)
    if "@" in typed:
        return people.known(Kind.EMAIL, typed)
    by_key = here.filter(user_key=typed).first()  # which may look like a uuid, or like a number
    with suppress(ValueError):
        return by_key or here.filter(uuid=UUID(typed)).first()
    return by_key or people.known(Kind.PHONE, typed)


class ReadOnly(admin.options.BaseModelAdmin[Any]):
    """What changes people is done elsewhere, with its reason and its proof."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are made by what they do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is edited here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Erasure is a request of its own."""
        return False


class AddressInline(ReadOnly, admin.TabularInline[Address, Person]):
    """Her addresses with their proof, masked."""

    model = Address
    extra = 0
    fields = readonly_fields = (
        "kind",
        "shown",
        "since",
        "until",
        "proven_at",
        "proven_how",
        "proven_by",
        "unreachable_at",
    )
    ordering = ("-since",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may see a person may see her masked addresses."""
        return request.user.has_perm("django_rgpd.view_person")

    @admin.display(description=gettext_lazy("Address"))
    def shown(self, address: Address) -> str:
        """The masked address."""
        return masked(address.kind, address.canonical)


@admin.register(Person)
class PersonAdmin(ReadOnly, admin.ModelAdmin[Person]):
    """Everybody that the shop knows, by uuid. The search of the list is ``find``, a form that is posted."""

    list_display = ("uuid", "user_key", "language", "last_contact", "created_at", "erased_at")
    fields = readonly_fields = (
        "uuid",
        "user_key",
        "language",
        "last_contact",
        "merged_into",
        "created_at",
        "erased_at",
    )
    list_filter = (("erased_at", admin.EmptyFieldListFilter),)
    search_fields = ("=uuid", "=user_key")
    ordering = ("-pk",)
    inlines = (AddressInline,)
    actions: Any = ()
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        """The page that finds somebody, beside the usual ones."""
        find = path("find/", self.admin_site.admin_view(self.find), name="django_rgpd_person_find")
        return [find, *super().get_urls()]

    @method_decorator([never_cache, csrf_protect, sensitive_post_parameters("address")])
    def find(self, request: HttpRequest) -> HttpResponse:
        """GET shows the form, POST leads to the person by her key."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = FindForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            person: Person = form.cleaned_data["person"]
            found = reverse(
                "admin:django_rgpd_person_change", args=[person.pk], current_app=self.admin_site.name
            )
            return HttpResponseRedirect(found)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Find a person"),
            "opts": self.opts,
            "form": form,
        }
        return render(request, "django_rgpd/registry/find.html", context)
