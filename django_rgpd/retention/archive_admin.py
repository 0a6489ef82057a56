"""The intermediate archive in a shop's admin: hidden from everyday staff, read by who may, each reading recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.core.exceptions import PermissionDenied
from django.db import router
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from django_rgpd.core import clock
from django_rgpd.core.impersonation import impersonated
from django_rgpd.ledger.record import record
from django_rgpd.registry import registry
from django_rgpd.retention import archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.contrib.admin.views.main import ChangeList

    Admin = admin.ModelAdmin[Any]
else:
    Admin = object

PERMISSION = "django_rgpd.view_archive"
READ = "archive.read"
"""The kind of event that each reading leaves in the ledger: who, which model, which keys; no value of any row."""

PARAMETER = "rgpd_archive"
_ASKED = "_rgpd_archive"
"""Set on a request whose list is the archive's, and on a row that was taken out of it."""


class ArchiveInlineMixin:
    """For inlines: rows in the archive are not there, but for who reads their parent there.

    Put it before ``TabularInline`` or ``StackedInline``.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the shop's class shows, without the archive."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return rows if _asked(request) else archive.leave_out(rows, now=clock.now())


class ArchiveFilter(admin.SimpleListFilter):
    """In everyday use, or the archive: for who may read it."""

    title = _("archive")
    parameter_name = PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The one choice beside the default."""
        return [("1", _("In the archive"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """The default says what it shows."""
        everyday, *others = super().choices(changelist)
        yield {**everyday, "display": _("In everyday use")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The list was cut where it begins (``ArchiveAdminMixin.get_queryset``)."""
        return queryset


class ArchiveAdminMixin(Admin):
    """For a ``ModelAdmin`` of a declared model; put it before the other classes.

    List, search, autocomplete and filters are about the rows in everyday use. Who has ``django_rgpd.view_archive`` also finds
    a filter that shows the archive instead, and opens an archived row by its address; each is recorded in the ledger, and
    nothing can be changed. For anybody else such a row is not there: the answer is that of a key which never was.
    """

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows in everyday use; those of the archive for a request that asked for it and may."""
        rows = super().get_queryset(request)
        cut = archive.only_archived if _asked(request) else archive.leave_out
        return cut(rows, now=clock.now())

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, also out of the archive for who may read it: then it is recorded, and cannot be changed.

        A page of the shop's own that shows one row takes it from here.
        """
        row = super().get_object(request, object_id, from_field)
        if row is not None or _asked(request) or not self.may_read_archive(request):
            return row
        setattr(request, _ASKED, True)
        row = super().get_object(request, object_id, from_field)
        if row is None:
            setattr(request, _ASKED, False)
            return None
        setattr(row, _ASKED, True)
        self._record(request, self.model, [row.pk], how="row")
        return row

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; where it is the archive's, the keys that it shows are recorded."""
        if request.GET.get(PARAMETER) == "1" and self.may_read_archive(request):
            setattr(request, _ASKED, True)
        response: HttpResponse = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        if shown is not None and _asked(request):
            self._record(request, self.model, [row.pk for row in shown.result_list], how="list")
        return response

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """With the archive's, for who may read it."""
        own = list(super().get_list_filter(request))
        return [ArchiveFilter, *own] if self.may_read_archive(request) else own

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """None on the archive. ``action_location`` is handed on where Django names one (6.1)."""
        named = {} if action_location is None else {"action_location": action_location}
        return {} if _asked(request) else super().get_actions(request, **named)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing in the archive is changed."""
        return not (_asked(request) or _asked(obj)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing in the archive is deleted by hand: it goes at its term."""
        return not (_asked(request) or _asked(obj)) and super().has_delete_permission(request, obj)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[Any], list[Any]]:
        """What goes with ``objs``; where something in the archive would, nothing of it is shown and nothing can go."""
        kept = _archived_among(objs)
        if kept:
            return [], {}, {model._meta.verbose_name for model in kept}, []
        found: tuple[list[Any], dict[Any, int], set[Any], list[Any]] = super().get_deleted_objects(
            objs, request
        )
        return found

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """As ever, but for a row whose deletion would take something in the archive along."""
        gone = [one.instance for one in getattr(formset, "deleted_forms", []) if one.instance.pk is not None]
        if _archived_among(gone):
            raise PermissionDenied
        super().save_formset(request, form, formset, change)

    def get_inline_formsets(
        self, request: HttpRequest, formsets: list[Any], inline_instances: list[Any], obj: Any = None
    ) -> list[Any]:
        """What the page shows beside the row; each row of it that is in the archive is read, too."""
        if _asked(request):
            for formset in formsets:
                keys = _archived_of(formset.model, [row.pk for row in formset.get_queryset()])
                self._record(request, formset.model, keys, how="inline")
        found: list[Any] = super().get_inline_formsets(request, formsets, inline_instances, obj)
        return found

    def may_read_archive(self, request: HttpRequest) -> bool:
        """Who may see the model's rows and has the permission; nobody who acts as somebody else."""
        may_see = super().has_view_permission(request)
        return may_see and request.user.has_perm(PERMISSION) and not impersonated(request)

    def _record(self, request: HttpRequest, model: type[Model], keys: list[Any], *, how: str) -> None:
        if keys:
            payload = {"model": model._meta.label, "keys": [str(key) for key in keys]}
            actor = f"user:{request.user.pk}"
            record(READ, person=None, now=clock.now(), how=how, actor=actor, payload=payload)


def _archived_among(rows: Iterable[Any]) -> list[type[Model]]:
    """The models of which a row in the archive would go with ``rows``, or stands in the way of their deletion."""
    going = list(rows)
    if not going:
        return []
    collector = NestedObjects(using=router.db_for_write(type(going[0])), origin=going)
    collector.collect(going)
    found: dict[type[Model], list[Any]] = {}
    for row in (*collector.protected, *(row for rows in collector.data.values() for row in rows)):
        found.setdefault(type(row), []).append(row.pk)
    return [model for model, keys in found.items() if _archived_of(model, keys)]


def _archived_of(model: type[Model], keys: list[Any]) -> list[Any]:
    """Of ``keys`` those of rows in the archive; a model that is not declared has none."""
    if not keys or registry.of(model._meta.concrete_model or model) is None:
        return []
    rows = archive.only_archived(model._base_manager.filter(pk__in=keys), now=clock.now())
    return list(rows.values_list("pk", flat=True))


def _asked(request_or_row: object) -> bool:
    return bool(getattr(request_or_row, _ASKED, False))
