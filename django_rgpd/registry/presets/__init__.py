"""Declarations of tables that shops have and did not write: Django's own, and those of popular apps.

``declare`` enters all that are installed; each module enters its own by ``declare`` too. The shop names the purposes.
"""

from __future__ import annotations

from django.apps import apps

from django_rgpd.registry.presets import admin, allauth, auth, authtoken, sessions, tasks

__all__ = ["admin", "allauth", "auth", "authtoken", "declare", "sessions", "tasks"]


def declare(*, purpose: str = "account", log_purpose: str | None = None) -> None:
    """Declare the tables of every installed app that a preset knows; a model that is declared already is left alone.

    ``purpose``: what accounts are kept for. ``log_purpose``: what the admin's log is kept for, ``purpose`` by default.
    """
    auth.declare(purpose=purpose)
    if apps.is_installed("django.contrib.admin"):
        admin.declare(purpose=log_purpose or purpose)
    if apps.is_installed("django.contrib.sessions"):
        sessions.declare()
    if apps.is_installed("rest_framework.authtoken"):
        authtoken.declare(purpose=purpose)
    if apps.is_installed("allauth.account"):
        allauth.declare(purpose=purpose)
    tasks.declare()
