"""What staff do about processors: the tick, with its evidence, among the actions of the jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.outbox.admin import JobAdmin
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import NeedsSomeone
from django_rgpd.processors import by_hand, calling, roads, telling
from django_rgpd.processors.forms import DoneForm
from django_rgpd.processors.manual import Manual

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One job as somebody who does it by hand must see it: here alone it says whom it is about."""

    pk: int
    name: str
    instructions: str
    whom: list[str] = field(repr=False)
    due_at: datetime | None


@admin.action(description=gettext_lazy("Done, with evidence"), permissions=["change"])
@sensitive_variables()
def done_by_hand(
    modeladmin: ModelAdmin[Job], request: HttpRequest, queryset: QuerySet[Job]
) -> HttpResponse | None:
    """Show what is to be done, and take the evidence that it is."""
    if impersonated(request):
        raise PermissionDenied
    chosen = list(queryset.filter(name__in=calling.NAMES, state__in=by_hand.OPEN))
    if not chosen:
        modeladmin.message_user(request, _("None of these waits for a processor."), messages.WARNING)
        return None
    form = DoneForm(request.POST if "ticked" in request.POST else None)
    if not form.is_valid():
        return _asked(modeladmin, request, chosen, form)
    number = 0
    for job in chosen:
        try:
            by_hand.done(
                job, reference=form.cleaned_data["reference"], by=f"user:{request.user.pk}", now=clock.now()
            )
            number += 1
        except Refused as no:
            modeladmin.message_user(request, str(no.reason), messages.WARNING)
    text = ngettext("%(number)d job is done.", "%(number)d jobs are done.", number)
    modeladmin.message_user(request, text % {"number": number}, messages.SUCCESS)
    return None


def _asked(
    modeladmin: ModelAdmin[Job], request: HttpRequest, chosen: list[Job], form: DoneForm
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": _("Done at a processor"),
        "tasks": [_task(job) for job in chosen],
        "form": form,
        "opts": Job._meta,
    }
    return TemplateResponse(request, "django_rgpd/processors/done.html", context)


@sensitive_variables()
def _task(job: Job) -> Task:
    key = str(job.payload.get("processor", ""))
    try:
        processor = roads.of(key).processor
    except NeedsSomeone as gone:
        instructions = gone.note
    else:
        instructions = str(processor.instructions) if isinstance(processor, Manual) else ""
    named = [*telling.texts(job.payload, "addresses"), *telling.texts(job.payload, "references")]
    whom = list(dict.fromkeys(named)) or ([str(job.person)] if job.person else [])
    return Task(pk=job.pk, name=key, instructions=instructions, whom=whom, due_at=job.due_at)


JobAdmin.actions = (*JobAdmin.actions, done_by_hand)
