"""Files of released rows: their names are read before the column is emptied, and the files go after the
commit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django_rgpd.erasure import statements
from django_rgpd.erasure.reach import Reach, column
from django_rgpd.outbox import files, jobs
from django_rgpd.registry import DeleteFile, Personal
from django_rgpd.registry.conditions import all_of, not_

if TYPE_CHECKING:
    from uuid import UUID

    from django_rgpd.outbox.models import Job

JOB = "erasure.files"


def remove(reach: Reach, *, now: datetime, person: UUID | None = None) -> None:
    """Write one job for the files of each file column that falls on rows of ``reach``."""
    for group in reach.groups:
        for name, personal in group.fields.items():
            if _is_file(personal) and not group.never:
                _put(reach, name, all_of(reach.where, group.released), now=now, person=person)


def _put(reach: Reach, name: str, where: object, *, now: datetime, person: UUID | None) -> None:
    entry = reach.entry
    action = entry.declaration.fields[name].erase
    form = action.erased(column(entry.model, name))
    rows = statements.rows_of(entry, all_of(where, not_(form)))  # type: ignore[arg-type]
    names = [str(one) for one in rows.values_list(name, flat=True) if one]
    if names:
        place = f"{entry.label}.{name}"
        derivatives = list(action.derivatives) if isinstance(action, DeleteFile) else []
        payload = {"place": place, "names": names, "derivatives": derivatives}
        jobs.put(JOB, payload, now=now, person=person)


def _is_file(personal: Personal) -> bool:
    return personal.erase.removes_file


@jobs.job(JOB)
def delete(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Delete the files and what was made of them; those that are not there any more are what was wanted.

    One that another row still has stays. Where the storage refuses one the others go all the same, and the job is tried again.
    """
    names, derivatives = payload["names"], payload.get("derivatives")
    files.delete_all(
        str(payload["place"]),
        [str(one) for one in names] if isinstance(names, list) else [],
        derivatives=[str(one) for one in derivatives] if isinstance(derivatives, list) else [],
    )
