"""Tables of task backends: the library's tasks carry keys alone; a shop's own arguments are the shop's to declare."""

from __future__ import annotations

from django.apps import apps

from django_rgpd.registry.site import not_personal, registry

BACKENDS = ("django_tasks_database", "django_tasks_db")


def declare() -> None:
    """Say of an installed database backend that what is queued are keys."""
    for label in BACKENDS:
        if label in apps.app_configs and label not in registry.harmless:
            not_personal(label, reason="Queued tasks carry keys, and finished ones are pruned.")
