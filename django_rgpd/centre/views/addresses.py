"""Her addresses: the proven ones, and proving one more, so that what a guest bought with it comes along."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language

from django_rgpd.centre import challenges, entrance, proving
from django_rgpd.centre.forms import AddressForm
from django_rgpd.centre.frame import gone, page
from django_rgpd.centre.identity import Visitor, for_visitor
from django_rgpd.core import clock, limits
from django_rgpd.registry import people


@for_visitor("GET", "POST")
@proving.proved
def addresses(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    """List them; take one more and answer the same whosever it is."""
    form = AddressForm(request.POST or None, initial={"email": _offered(found)})
    if request.method == "POST" and form.is_valid():
        entrance.ask_address(
            form.cleaned_data["email"],
            person=found.person,
            ip=limits.client_ip(request),
            language=get_language() or "",
            now=clock.now(),
        )
        return redirect("django_rgpd:centre_address_sent")
    context = {"visitor": found, "proven": sorted(people.subject(found.person).emails), "form": form}
    return page(request, "addresses", context)


@for_visitor("GET")
def sent(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    """What happens next, whosever address it was."""
    minutes = challenges.LINK_LIFE.seconds // 60
    return page(request, "address_sent", {"visitor": found, "minutes": minutes})


@for_visitor("GET", "POST")
def prove(request: HttpRequest, found: Visitor, token: str) -> HttpResponseBase:
    """Show a button; the button proves the address for whoever asked, and only in her own visit.

    Otherwise somebody could have a stranger click, and take the stranger's orders.
    """
    now = clock.now()
    challenge = challenges.standing(challenges.ADDS, token, now=now)
    if challenge is None or challenge.person != found.person.uuid:
        return gone(request)
    if request.method != "POST":
        return page(request, "address", {"visitor": found, "address": challenge.address})
    entrance.prove(challenge, now=now)
    return redirect("django_rgpd:centre_addresses")


def _offered(found: Visitor) -> str:
    own = proving.own_address(found)
    return own if own and own not in people.subject(found.person).emails else ""
