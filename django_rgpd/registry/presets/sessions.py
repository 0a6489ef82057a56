"""Django's sessions in the database: nobody can be looked up in them, and they end by themselves."""

from __future__ import annotations

from django_rgpd.registry.presets.entering import enter, installed


def declare() -> None:
    """Declare the table of sessions: internal.

    The library's index of sign-ins knows which of them are an account's and deletes those with it; the others end on their
    day, and ``clearsessions`` takes them out.
    """
    model = installed("sessions.Session")
    if model is not None:
        enter(model, __name__, "Sessions of visitors: what a browser is recognised by.", people={})
