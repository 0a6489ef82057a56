"""Importing a list in the admin: hand in a file, read what would be taken, confirm."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.consent import admin_names, wordings
from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.impersonation import impersonated
from django_rgpd.core.stale import readable
from django_rgpd.imports import back, batches, files, reasons
from django_rgpd.imports.forms import ListForm
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.registry import actors

IMPORT = "django_rgpd.import_consents"
NEW, SHOW, REPORT = "django_rgpd_import", "django_rgpd_import_show", "django_rgpd_import_report"
SHOWN = 50
"""Refused lines that the page shows; the report has all of them."""

View = Callable[..., HttpResponse | StreamingHttpResponse]


@admin.register(ConsentImport)
class ConsentImportAdmin(admin.ModelAdmin[ConsentImport]):
    """What was imported, when and by whom; the lines themselves are nowhere to be read."""

    list_display = ("page", "about", "stage", "taken", "by")
    list_filter = ("stage", ("purpose", admin_names.Purposes))
    list_display_links = None
    ordering = ("-created_at",)
    change_list_template = "django_rgpd/imports/change_list.html"

    @admin.display(description=gettext_lazy("handed in"), ordering="created_at")
    def page(self, batch: ConsentImport) -> str:
        """The hour, as a link to the page of the import."""
        hour = date_format(localtime(batch.created_at), "SHORT_DATETIME_FORMAT")
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{SHOW}", args=[batch.uuid]), hour)

    @admin.display(description=gettext_lazy("What they agreed to"), ordering="purpose")
    def about(self, batch: ConsentImport) -> str:
        """Purpose and channel, in words."""
        return f"{admin_names.purpose(batch.purpose)} {wordings.channel_label(batch.channel)}"

    @admin.display(description=gettext_lazy("by whom"), ordering="actor")
    def by(self, batch: ConsentImport) -> str:
        """The colleague's name, for who may see accounts."""
        return str(getattr(batch, "rgpd_by", batch.actor))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's rows, each with who handed it in: one query for all."""
        found = super().get_changelist_instance(request)
        listed = list(found.result_list)
        names = actors.named({one.actor for one in listed}, reader=request.user)
        for one in listed:
            one.rgpd_by = names.get(one.actor, one.actor)
        found.result_list = listed
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only by the page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ConsentImport | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ConsentImport | None = None) -> bool:
        """Never: it says where consents come from."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Also for who may import."""
        return request.user.has_perm(IMPORT) or super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: ConsentImport | None = None) -> bool:
        """Also for who may import."""
        return request.user.has_perm(IMPORT) or super().has_view_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        """With the pages of an import."""
        return [
            path("new/", self._page(self.new), name=NEW),
            path("<uuid:uuid>/", self._page(self.show), name=SHOW),
            path("<uuid:uuid>/report/", self._page(self.report), name=REPORT),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who types the usual address of such a page is led to the one that there is, if she may."""
        if request.user.has_perm(IMPORT):
            return redirect(reverse(f"admin:{NEW}", current_app=self.admin_site.name))
        return super().add_view(request, form_url, extra_context)

    def new(self, request: HttpRequest) -> HttpResponse:
        """GET shows the form; POST keeps the file and has it judged."""
        form = ListForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            try:
                batch = batches.receive(
                    told["file"].chunks(),
                    purpose=told["purpose"],
                    channel=told["channel"],
                    wording=told["text"] or told["wording"],
                    actor=f"user:{request.user.pk}",
                    now=clock.now(),
                )
            except Refused as refusal:
                form.add_error(None, str(refusal.reason))
            else:
                return self._to(batch.uuid)
        context = self._context(request, _("Import a list of consents")) | {"form": form}
        return TemplateResponse(request, "django_rgpd/imports/new.html", context)

    def show(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        """GET shows how far it is, and what would be taken; POST confirms, lets the file go, or has the import taken back."""
        batch = get_object_or_404(ConsentImport, uuid=uuid)
        if request.method == "POST":
            self._decide(request, batch)
            return self._to(uuid)
        context = self._context(request, _("Import a list of consents")) | {
            "batch": batch,
            "purpose": self.about(batch),
            "going": batch.stage in {Stage.RECEIVED, Stage.CONFIRMED},
            # A note on one that is done says that it was taken back.
            "to_take_back": bool(batch.confirmed_at) and not (batch.stage == Stage.DONE and batch.note),
            "refused": _by_reason(batch.told.get("refused", {})),
            "changed": _by_reason(batch.changed),
            "lines": list(islice(_refused(batch), SHOWN)),
            "shown": SHOWN,
        }
        return TemplateResponse(request, "django_rgpd/imports/show.html", context)

    def report(self, request: HttpRequest, uuid: UUID) -> HttpResponse | StreamingHttpResponse:
        """The numbers of the lines that are not taken, and why."""
        batch = get_object_or_404(ConsentImport, uuid=uuid)
        if not batch.report:
            raise Http404
        answer = StreamingHttpResponse(files.report(_refused(batch)), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="import-{batch.uuid}.csv"'
        return answer

    def _page(self, view: View) -> Any:
        """For who may import, and acts as nobody else."""

        def guarded(request: HttpRequest, **about: UUID) -> HttpResponse | StreamingHttpResponse:
            if not request.user.has_perm(IMPORT) or impersonated(request):
                raise PermissionDenied
            return view(request, **about)

        return readable(self.admin_site.admin_view(guarded))

    def _decide(self, request: HttpRequest, batch: ConsentImport) -> None:
        now, actor = clock.now(), f"user:{request.user.pk}"
        if "confirm" in request.POST:
            if not batches.confirm(batch.uuid, actor=actor, now=now):
                messages.info(request, _("This import was decided already, or its day is over."))
        elif "cancel" in request.POST and batches.cancel(batch.uuid, now=now):
            messages.success(request, _("The file was deleted; nothing was imported."))
        elif "take_back" in request.POST:
            if "sure" in request.POST and back.ask(batch.uuid, actor=actor, now=now):
                messages.success(request, _("The consents of this import end in the background."))
            else:
                messages.info(request, _("Nothing was done: tick that you are sure."))

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts}

    def _to(self, uuid: UUID) -> HttpResponse:
        return redirect(reverse(f"admin:{SHOW}", args=[uuid], current_app=self.admin_site.name))


def _refused(batch: ConsentImport) -> Any:
    try:
        yield from files.refused(batch.report) if batch.report else ()
    except FileNotFoundError:  # its day ended between the row and the file
        return


def _by_reason(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Sentence and number, the commonest first."""
    ordered = sorted(counts.items(), key=lambda one: -one[1])
    return [
        (reasons.words(reason, "…") if reason in reasons.WORDS else reason, number)
        for reason, number in ordered
    ]
