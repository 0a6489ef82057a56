"""Beside a campaign: whether one person got it, and why. Her address is posted, and stands in no URL."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from django_rgpd.consent import suppress
from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.core.impersonation import impersonated
from django_rgpd.marketing import addressee, received
from django_rgpd.marketing.campaign_pages import CampaignPages
from django_rgpd.marketing.models import Campaign
from django_rgpd.registry.admin import masked
from django_rgpd.registry.models import Kind

PERSON = "django_rgpd.view_person"
"""Who may not see people may not ask about one either."""


class ReaderForm(forms.Form):
    """Whose mail it is about."""

    address = forms.CharField(
        label=gettext_lazy("Email address"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )

    def clean_address(self) -> str:
        """The canonical address."""
        try:
            return addresses.canonical(Kind.EMAIL, self.cleaned_data["address"])
        except BadAddress:
            raise forms.ValidationError(_("This is no address of that kind.")) from None


class ReaderPages(CampaignPages):
    """For the admin of campaigns: the page about one person."""

    def get_urls(self) -> list[Any]:
        """With that page."""
        return [self._url("reader/", self.reader, "reader"), *super().get_urls()]

    @method_decorator([sensitive_post_parameters("address"), sensitive_variables()])
    def reader(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET asks for an address; POST says what became of whoever has it, and changes nothing."""
        if not request.user.has_perm(PERSON) or impersonated(request):
            raise PermissionDenied
        campaign, told = self._campaign(request, pk), {}
        form = ReaderForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            told = _told(campaign, form.cleaned_data["address"])
            form = ReaderForm()
        return self._page(request, campaign, "reader", _("Did she get it, and why?"), form=form, **told)


@sensitive_variables()
def _told(campaign: Campaign, email: str) -> dict[str, Any]:
    person, now = addressee.of(email), clock.now()
    shown = masked(Kind.EMAIL, email)
    if person is None:
        listed = suppress.standing(
            Kind.EMAIL, email, now=now, channel=campaign.channel, purpose=campaign.purpose
        )
        return {"asked": shown, "nobody": True, "listed": listed is not None}
    (standing,) = received.standing(person, [campaign.purpose], campaign.channel, now=now)
    return {
        "asked": shown,
        "person": person,
        "instead": _instead(email, standing),
        "standing": [standing],
        "received": received.of(person, [campaign], now=now),
    }


def _instead(email: str, standing: received.Now) -> str:
    """The address, masked, that she is written to instead of the one that was asked about."""
    to = standing.answer.address
    return masked(to.kind, to.canonical) if to is not None and to.canonical != email else ""
