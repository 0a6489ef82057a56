"""For shops' tests: canaries in every declared field, a sweep for them afterwards, and ``assert_erased``.

Nothing is imported before it is asked for, because pytest loads the plugin before Django is set up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_rgpd.testing.adopting import adopt
    from django_rgpd.testing.canaries import Canaries
    from django_rgpd.testing.mails import assert_each_mail_has_a_class
    from django_rgpd.testing.proof import assert_erased
    from django_rgpd.testing.rows import Snapshot, changed, snapshot
    from django_rgpd.testing.sweeping import Sighting, sweep

_PLACES = {
    "Canaries": "canaries",
    "Sighting": "sweeping",
    "Snapshot": "rows",
    "adopt": "adopting",
    "assert_each_mail_has_a_class": "mails",
    "assert_erased": "proof",
    "changed": "rows",
    "snapshot": "rows",
    "sweep": "sweeping",
}

__all__ = [
    "Canaries",
    "Sighting",
    "Snapshot",
    "adopt",
    "assert_each_mail_has_a_class",
    "assert_erased",
    "changed",
    "snapshot",
    "sweep",
]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
