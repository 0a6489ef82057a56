"""What published rows hear: the end of a consent, the end of a person, and the end of a term."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Model
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.policy import Occasion
from django_rgpd.registry import registry
from django_rgpd.registry.models import Person
from django_rgpd.reviews import publication


@receiver(signals.person_erased, dispatch_uid="django_rgpd.reviews.erased")
def erased(*, person: UUID, **_: object) -> None:
    """Note whose pages show something of hers while it can still be found."""
    shown = [one for one in publication.publications() if registry.of(one.model) is not None]
    found = Person.objects.filter(uuid=person, merged_into=None).first() if shown else None
    if found is None:
        return
    for one in shown:
        if about := one.pages_of(found):
            one.tell(about)


@receiver(signals.released, dispatch_uid="django_rgpd.reviews.released")
def released(*, model: type[Model], occasion: Occasion, **_: object) -> None:
    """A term took published rows, or their names: nobody can say of which pages any more."""
    if occasion is Occasion.TERM:
        for one in publication.publications():
            if one.model is model:
                one.tell()
