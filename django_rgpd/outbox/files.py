"""Stored files that go: deleted after the commit, once or many times with the same end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from posixpath import splitext
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.files.storage import Storage, storages
from django.db.models import FileField, QuerySet
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from django_rgpd.core.errors import RgpdError
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
    if _shared(_field(place), [name]):
        raise Declined(_("Another row still has this file."))
    _drop(_storage(place), name)


def delete_all(place: str, names: Sequence[str], *, derivatives: Sequence[str] = ()) -> None:
    """Delete the files ``names`` of one place, and those whose names begin as ``derivatives`` say (``DeleteFile``).

    One that another row has stays, as an original or a derivative. Each is tried, whatever became of the others.

    Raises ``StorageFailed``, which says how many the storage refused; the same call goes on where it stopped.
    """
    storage = _storage(place)
    field = _field(place)
    wanted = [name for name in names if name not in _shared(field, names)]
    failed: list[Exception] = []
    for name in wanted:
        _attempt(partial(_drop, storage, name), failed)
        for start in derivatives:
            prefix = start.format(name=name, stem=splitext(name)[0])
            _attempt(partial(_drop_beginning, storage, field, prefix), failed)
    if failed:
        raise StorageFailed(len(failed), type(failed[0]).__name__) from None


class StorageFailed(RgpdError):
    """A storage did not do what was asked; the message has its error's name and no file's."""

    def __init__(self, number: int, kind: str) -> None:
        super().__init__(f"The storage refused {number} times ({kind}).")


def _attempt(act: Callable[[], object], failed: list[Exception]) -> None:
    try:
        act()
    except Exception as error:  # every storage has errors of its own
        failed.append(error)


def _drop(storage: Storage, name: str) -> None:
    with suppress(FileNotFoundError):
        storage.delete(name)


def _drop_beginning(storage: Storage, field: FileField | None, prefix: str) -> None:
    """Delete the files whose names begin with ``prefix``, those of its folder and of folders inside that begin so."""
    folder, _slash, beginning = prefix.rpartition("/")
    try:
        folders, names = storage.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    inside = f"{folder}/" if folder else ""
    found = [f"{inside}{name}" for name in names if name.startswith(beginning)]
    kept = _shared(field, found)
    for name in found:
        if name not in kept:
            _drop(storage, name)
    for one in folders:
        if one.startswith(beginning):
            _drop_beginning(storage, field, f"{inside}{one}/")


def _shared(field: FileField | None, names: Sequence[str]) -> set[str]:
    """Which of ``names`` a row still has, hidden rows too."""
    if field is None or not names:
        return set()
    rows: QuerySet[Any] = QuerySet(field.model)
    return {
        str(name) for name in rows.filter(**{f"{field.name}__in": names}).values_list(field.name, flat=True)
    }


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


def _storage(place: str) -> Storage:
    field = _field(place)
    if field is not None:
        return field.storage
    try:
        return storages[place]
    except Exception:
        raise NeedsSomeone(_("The storage of this file is not set up any more.")) from None
