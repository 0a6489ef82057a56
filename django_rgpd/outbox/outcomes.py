"""How a handler ends otherwise than well: raised by handlers, read by ``deliver``."""

from __future__ import annotations

from datetime import datetime

from django_rgpd.core.errors import RgpdError

ALONE = "alone"
"""In the progress of a job that goes with no others any more."""


class Outcome(RgpdError):
    """An end of an attempt that is no fault. ``note`` is shown to staff and holds nothing personal."""

    def __init__(self, note: str = "") -> None:
        super().__init__(note)
        self.note = note


class Gone(Outcome):
    """There is nothing left to do: what the job was about does not exist any more."""


class Declined(Outcome):
    """The other side, or a rule of ours, said no, and will say no again."""


class NeedsSomeone(Outcome):
    """No attempt will succeed before a person did something; ``note`` says what."""


class Later(Outcome):
    """Not yet: try again at ``at``, without counting this attempt as a failure."""

    def __init__(self, at: datetime, note: str = "") -> None:
        super().__init__(note)
        self.at = at


class Alone(Outcome):
    """Said of one of several jobs that were carried out together: nothing is known of it, and it is done again by itself."""
