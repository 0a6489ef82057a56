"""The door is shut while the mirror has more than the database, or is not there: nobody knows then who objected or was
erased."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.core.signals import setting_changed
from django.utils.translation import gettext as _

from django_rgpd.ledger import places
from django_rgpd.ledger.ends import ends
from django_rgpd.ledger.places import Place
from django_rgpd.outbox import door

log = logging.getLogger(__name__)

TRUSTED = 30.0
"""Seconds for which a process believes that the mirror ends where it looked."""


@dataclass(slots=True)
class _Seen:
    """What this process knows of the mirror: a seal that it has, for a mirror never shrinks; and when it had no next one."""

    has: int = 0
    ends: int = -1
    looked: float = 0.0
    none: float = -TRUSTED
    """When there was no mirror, and no seal that asks for one."""


_seen = _Seen()


@door.watch
def replay_due() -> str:
    """Why nothing may be sent: the mirror has a seal that the database has not, or lacks the last one that was
    mirrored; or seals were mirrored, and no mirror is set.

    Empty where all is well.

    Asks the database for its last seals, each time, and the mirror for the files of the last mirrored and of the next
    one, at most every ``TRUSTED`` seconds. A process from before a restore remembers how far the mirror went, and shuts at once.
    """
    found = places.place()
    if found is None:
        return _unset_of_late()
    last, mirrored = ends()
    learn(mirrored)
    try:
        whole = _seen.has > last or _look(found, last, mirrored)
    except Exception as error:  # each storage has errors of its own; in doubt nothing is sent
        log.error("The mirror does not answer: %s.", type(error).__name__)
        whole = False
    if not whole:
        return _(
            "The mirror of the ledger does not answer, or lost its end: nothing is sent before it is back."
        )
    if _seen.has > last:
        return _("An older dump was restored: nothing is sent before rgpd_replay has brought it up to date.")
    return ""


def unset() -> str:
    """Why nothing may be sealed or sent where no mirror is set: seals of this database were mirrored. One statement."""
    _last, mirrored = ends()
    if not mirrored:
        return ""
    return _(
        "Seals of this database were mirrored, and no mirror is set: nothing is sealed or sent before MIRROR_ROOT or"
        " MIRROR_STORAGE says again where it is."
    )


def _unset_of_late() -> str:
    """The same, asked at most every ``TRUSTED`` seconds: most shops without a mirror never had one."""
    moment = time.monotonic()
    if moment - _seen.none < TRUSTED:
        return ""
    words = unset()
    _seen.none = -TRUSTED if words else moment
    return words


def learn(number: int) -> None:
    """The mirror was seen to have this seal."""
    _seen.has = max(_seen.has, number)


def forget() -> None:
    """Know nothing of the mirror (any more): another one was set."""
    _seen.has, _seen.ends, _seen.looked, _seen.none = 0, -1, 0.0, -TRUSTED


def _look(found: Place, last: int, mirrored: int) -> bool:
    """See how far the mirror goes; whether it has what it is known to have."""
    moment = time.monotonic()
    if _seen.ends == last and moment - _seen.looked < TRUSTED:
        return True
    if mirrored and not found.has(places.batch_name(mirrored)):
        return False
    if found.has(places.batch_name(last + 1)):
        _seen.has = last + 1
    else:
        _seen.ends, _seen.looked = last, moment
    return True


def _changed(*, setting: str, **_: object) -> None:
    if setting in {"RGPD", "STORAGES"}:
        forget()


setting_changed.connect(_changed, dispatch_uid="django_rgpd.ledger.door")
