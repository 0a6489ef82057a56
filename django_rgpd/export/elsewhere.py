"""What processors hold, as the last part of the document of access: asked while it is built, and never in its way."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core.errors import StaleClaim
from django_rgpd.export.values import dumps, encoded, plain
from django_rgpd.outbox.models import Job
from django_rgpd.processors import access, roads
from django_rgpd.registry import Subject

log = logging.getLogger(__name__)

_TICKS = 100
"""After how many records the job says that it lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Asks the processors of ``subject`` for the export ``about`` that ``job`` builds."""

    subject: Subject
    about: str
    job: Job
    now: datetime
    tick: Callable[[], object]

    def write(self, file: IO[bytes]) -> None:
        """Write the list of processors to ``file``, each with its records.

        One that fails, at whatever record, is listed as one that did not answer, and staff get a job to ask it themselves.
        """
        file.write(b"[")
        for number, road in enumerate(access.holders()):
            # Aside first, so that half an answer never stands in the document.
            with tempfile.TemporaryFile() as draft:
                count = self._asked(road, draft)
                about = {
                    "processor": road.key,
                    "name": str(road.recipient.name),
                    "answered": count is not None,
                }
                says = (
                    None
                    if count is not None
                    else _(
                        "They did not answer when this copy was made. Our staff will ask them, and send you what they hold."
                    )
                )
                head = dumps(plain({**about, "says": says, "count": count or 0}))
                file.write(encoded(("," if number else "") + "\n" + head[:-1] + ', "records": ['))
                if count:
                    draft.seek(0)
                    shutil.copyfileobj(draft, file)
                file.write(b"]}")
        file.write(b"]")

    @sensitive_variables()
    def _asked(self, road: roads.Road, draft: IO[bytes]) -> int | None:
        """How many records were written to ``draft``; None where the processor failed."""
        count = 0
        try:
            for kind, record in access.records(road, self.subject, job=self.job, now=self.now):
                line = dumps(plain({"kind": kind, "record": record}))
                draft.write(encoded(("," if count else "") + "\n" + line))
                count += 1
                if count % _TICKS == 0:
                    self.tick()
        except StaleClaim:
            raise
        except Exception as error:  # whatever a vendor's client raises, her own data are not kept from her
            log.warning("Export %s: %s did not answer (%s).", self.about, road.key, type(error).__name__)
            access.missed(road, self.subject, about=self.about, now=self.now)
            return None
        self.tick()
        return count
