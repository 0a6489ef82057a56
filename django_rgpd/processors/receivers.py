"""What processors hear of the shop: that a column which they are given was saved with another value, or an address was proven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from django_rgpd.core import clock
from django_rgpd.processors import rectifying
from django_rgpd.registry.models import Address, Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import Model

_CHANGED = "_rgpd_corrected"


@receiver(pre_save, dispatch_uid="django_rgpd.processors.before")
def look(
    *, sender: type[Model], instance: Any, raw: bool, update_fields: Collection[str] | None, **_: object
) -> None:
    """Before a row is saved: whether it says something else by now of what processors are given. One query."""
    columns = set() if raw else {one for names in rectifying.watched(sender).values() for one in names}
    names: list[str] = [sender._meta.get_field(one).attname for one in columns]  # type: ignore[union-attr]
    if update_fields is not None:
        names = [name for name in names if {name, name.removesuffix("_id")} & set(update_fields)]
    if names:
        before = sender._base_manager.filter(pk=instance.pk).values(*names).first() if instance.pk else None
        changed = before is None or any(before[name] != getattr(instance, name) for name in names)
        instance.__dict__[_CHANGED] = changed


@receiver(post_save, dispatch_uid="django_rgpd.processors.after")
def tell(*, sender: type[Model], instance: Any, created: bool, **_: object) -> None:
    """They are told once it is saved; of a new account nobody knows anything yet."""
    if not instance.__dict__.pop(_CHANGED, False):
        return
    user = get_user_model()
    for relation in rectifying.watched(sender):
        if not relation and created:
            continue
        accounts = user._base_manager.filter(**{relation: instance.pk}) if relation else [instance]
        rectifying.corrected(*accounts, now=clock.now())


@receiver(post_save, sender=Address, dispatch_uid="django_rgpd.processors.address")
def address_changed(*, instance: Address, raw: bool = False, **_: object) -> None:
    """Another address was proven: who knows her by the former one has it corrected (art. 16)."""
    if raw or instance.kind != Kind.EMAIL or instance.proven_at is None or instance.until is not None:
        return
    if (to := rectifying.knowing()) and Address.objects.filter(
        person=instance.person_id, kind=Kind.EMAIL, proven_at__isnull=False
    ).exclude(pk=instance.pk).exists():
        rectifying.put(instance.person.uuid, to=to, now=clock.now())
