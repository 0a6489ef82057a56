"""Stored files that go: deleted after the commit, once or many times with the same end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.apps import apps
from django.core.files.storage import Storage, storages
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Declined, NeedsSomeone

JOB = "file.delete"


def remove(
    place: str | FieldFile, name: str = "", *, now: datetime, person: UUID | None = None
) -> Job | None:
    """Write down that a stored file is to be deleted after the commit.

    ``place`` is the file of a row, or the alias of a storage in ``STORAGES``, or
    ``"app_label.Model.field"``; for the last two ``name`` is the file's name in its storage. Returns None
    where there is no file.
    """
    if isinstance(place, FieldFile):
        name = place.name or ""
        place = f"{place.instance._meta.label}.{place.field.name}"
    if not name:
        return None
    return jobs.put(JOB, {"place": place, "name": name}, now=now, person=person)


@jobs.job(JOB)
def delete(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Delete the file; that it is not there any more is what was wanted."""
    place, name = str(payload["place"]), str(payload["name"])
    field = _field(place)
    if field is not None and field.model._base_manager.filter(**{field.name: name}).exists():
        raise Declined(_("Another row still has this file."))
    storage = _storage(place) if field is None else field.storage
    try:
        storage.delete(name)
    except FileNotFoundError:
        return


def _field(place: str) -> FileField | None:
    if place.count(".") < 2:
        return None
    label, _dot, name = place.rpartition(".")
    try:
        field = apps.get_model(label)._meta.get_field(name)
    except LookupError:
        raise NeedsSomeone(_("The model of this file is not installed any more.")) from None
    except Exception:
        raise NeedsSomeone(_("The field of this file does not exist any more.")) from None
    if not isinstance(field, FileField):
        raise NeedsSomeone(_("The field of this file does not hold files any more."))
    return field


def _storage(alias: str) -> Storage:
    try:
        return storages[alias]
    except Exception:
        raise NeedsSomeone(_("The storage of this file is not set up any more.")) from None
