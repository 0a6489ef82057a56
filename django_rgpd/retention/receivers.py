"""What retention hears: tables that were just made, and dumps that came back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, router
from django.db.models import Exists
from django.db.models.signals import post_migrate, post_save
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.erasure import reach, statements
from django_rgpd.registry.models import Address, Hold
from django_rgpd.retention import marks
from django_rgpd.retention.models import SweepMark


@receiver(post_migrate, dispatch_uid="django_rgpd.retention.migrated")
def migrated(*, app_config: Any, using: str, **_: object) -> None:
    """Adopt what is declared of empty tables: there is nothing that a first sweep could destroy.

    Not where somebody took the approval back: what is to be loaded into such a table waits for an approval.
    """
    if app_config.label != "django_rgpd" or using != router.db_for_write(SweepMark):
        return
    tables = set(connections[using].introspection.table_names())
    if SweepMark._meta.db_table not in tables:
        return
    try:
        known = marks.read()
        marks.adopt(
            entry
            for entry in reach.entries()
            if statements.using(entry) == using
            and entry.model._meta.db_table in tables
            and not marks.adopted(entry, known)
            and not marks.withdrawn(entry, known)
            and not entry.model._base_manager.using(using).exists()
        )
    except (ImproperlyConfigured, DatabaseError):
        return  # the system checks and the first sweep say what is wrong; a migration must not fail for it


@receiver(signals.restored, dispatch_uid="django_rgpd.retention.restored")
def restored(*, at: datetime, **_: object) -> None:
    """A dump came back: all rows are looked at again."""
    marks.reset()


@receiver(signals.hold_lifted, dispatch_uid="django_rgpd.retention.lifted")
def lifted(**_: object) -> None:
    """What was held may have become due long ago: the next night is a full one."""
    marks.reset()


@receiver(post_save, sender=Address, dispatch_uid="django_rgpd.retention.passed_on")
def passed_on(instance: Address, **_: object) -> None:
    """Somebody else proved an address by which a hold found rows: what it kept may have become due long ago."""
    if instance.until is not None or instance.proven_at is None:
        return
    same = Address.objects.filter(site=instance.site, kind=instance.kind, digest=instance.digest)
    others = same.filter(until__isnull=False).exclude(person=instance.person_id)
    if Hold.objects.filter(Exists(others), person__isnull=False, label="", lifted_at__isnull=True).exists():
        marks.reset()
