"""Jobs as staff see them: read-only, with one action, trying again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from django_rgpd.core import clock
from django_rgpd.outbox import deliver, door
from django_rgpd.outbox.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin[Job]):
    """What waits, runs, is done or needs someone. Payloads are not shown: they may name an address."""

    list_display = ("name", "about", "state", "run_at", "attempts", "note", "due_at", "finished_at")
    list_filter = ("state", "name")
    search_fields = ("uuid", "person")
    ordering = ("-created_at",)
    date_hierarchy = None
    show_full_result_count = False
    actions: Any = ("try_again",)
    readonly_fields = ("evidence",)
    exclude = ("payload", "progress", "lease", "site", "key")

    @admin.display(description=_("about"))
    def about(self, job: Job) -> str:
        """Which processor a job is about."""
        return str(job.payload.get("processor") or job.progress.get("processor", ""))

    @admin.display(description=_("evidence"))
    def evidence(self, job: Job) -> str:
        """What the other side answered."""
        answer = job.progress.get("evidence")
        return ", ".join(f"{name}: {value}" for name, value in answer.items()) if answer else ""

    @admin.action(description=_("Try again now"), permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Put the chosen jobs in line again."""
        number = deliver.retry(queryset, now=clock.now())
        text = ngettext("%(number)d job is in line again.", "%(number)d jobs are in line again.", number)
        self.message_user(request, text % {"number": number}, messages.SUCCESS)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The jobs, and why those that reach out wait."""
        if words := door.shut():
            messages.warning(request, words)
        return super().changelist_view(request, extra_context)

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> list[str]:
        """Every field: a job is changed by what it does."""
        own = [field.name for field in Job._meta.fields if field.name not in self.exclude]
        return [*own, *self.readonly_fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Jobs are written by their reasons."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Jobs go by themselves."""
        return False
