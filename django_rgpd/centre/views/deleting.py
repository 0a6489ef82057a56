"""The deletion page: what will go, what stays, why and until when; then the deletion itself."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from django_rgpd.centre import proving
from django_rgpd.centre.forms import DeletionForm
from django_rgpd.centre.frame import page
from django_rgpd.centre.identity import Visitor, for_visitor
from django_rgpd.core import clock
from django_rgpd.core.failures import EngineFailed
from django_rgpd.core.pages import public, takes
from django_rgpd.erasure.execute import PlanChanged, erase
from django_rgpd.erasure.plan import plan
from django_rgpd.processors import telling
from django_rgpd.registry import people
from django_rgpd.registry.holds import restricted


@for_visitor("GET", "POST")
@proving.proved
def delete(request: HttpRequest, found: Visitor) -> HttpResponseBase:
    """Show the plan; carry it out when it is confirmed as it was shown."""
    now = clock.now()
    subject = people.subject(found.person)
    shown = plan(subject, now=now)
    form = DeletionForm(request.POST or None, plan=shown)
    own = proving.own_address(found)
    context = {
        "visitor": found,
        "plan": shown,
        "form": form,
        "restricted": restricted(subject.uuid),
        "unproven": own is not None and own not in subject.emails,
    }
    if request.method != "POST":
        return page(request, "delete", context)
    if not form.is_valid():
        return page(request, "delete", context, status=400)
    if form.cleaned_data["plan"] != shown.digest:
        return _changed(request, context)
    choices = form.choices
    expected = plan(subject, now=now, choices=choices).digest
    how = "account" if found.by_login else "link"
    try:
        erase(found.person, how=how, choices=choices, now=now, expected=expected)
    except PlanChanged:
        return _changed(request, {**context, "plan": plan(subject, now=clock.now())})
    except EngineFailed:
        return page(request, "delete", {**context, "failed": True}, status=503)
    request.session.flush()
    request.user = AnonymousUser()
    return redirect("django_rgpd:centre_deleted")


@public
@takes("GET")
def deleted(request: HttpRequest) -> HttpResponseBase:
    """What was done, for anybody: nothing on it is about anyone."""
    return page(request, "deleted", {"processors": [str(one.recipient.name) for one in telling.due()]})


def _changed(request: HttpRequest, context: dict[str, object]) -> HttpResponseBase:
    """The page again, with the plan as it is now and its digest in the form."""
    shown = context["plan"]
    again = DeletionForm(plan=shown)  # type: ignore[arg-type]
    return page(request, "delete", {**context, "form": again, "changed": True}, status=409)
