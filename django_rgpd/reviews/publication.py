"""Publishing reviews: on the author's consent only, under the name that she was shown, until she takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import router, transaction
from django.db.models import Model, QuerySet
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.consent import decisions, kinds, state
from django_rgpd.consent.models import Wording
from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry import people, registry, scope
from django_rgpd.registry.models import Person
from django_rgpd.reviews.public_name import FALLBACK, public_name

_ENDED = frozenset({kinds.WITHDRAWN, kinds.OBJECTED, kinds.EXPIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How one model is published.

    ``name``: the text column with the published name, frozen as it was agreed to. ``agreed``: the boolean column that
    every public page asks. ``purpose``: of the policy, on consent. ``first``, ``last``: lookup paths of the names.
    ``about``: the lookup path to what a row stands on the page of, sent along when cached copies of it must go.
    """

    model: type[Model]
    name: str = "public_name"
    agreed: str = "publish_consent"
    purpose: str = "reviews"
    first: str = "author__first_name"
    last: str = "author__last_name"
    about: str = "pk"

    @property
    def published(self) -> QuerySet[Model]:
        """The rows whose authors agree; everything that shows them begins here."""
        return self.model._base_manager.filter(**{self.agreed: True})

    def of(self, person: Person) -> Iterator[QuerySet[Model]]:
        """The rows of ``person``, by each way that leads to her."""
        entry = registry.of(self.model)
        if entry is None:
            msg = f"{self.model._meta.label} is published and not declared: declare it in rgpd.py first."
            raise Misconfigured(msg)
        for condition in scope.conditions(entry, entry.main_role, people.subject(person)):
            yield self.model._base_manager.filter(condition)

    def pages_of(self, person: Person) -> set[object]:
        """The ``about`` of the rows of hers that everybody can read now."""
        return {
            about for rows in self.of(person) for about in self.abouts(rows.filter(**{self.agreed: True}))
        }

    def abouts(self, rows: QuerySet[Model]) -> Iterator[object]:
        """The ``about`` of ``rows``."""
        return rows.order_by().values_list(self.about, flat=True).distinct().iterator()

    def tell(self, about: Iterable[object] = ()) -> None:
        """Have the shop drop, after the commit, cached copies of the pages ``about``; of all of them without."""
        news = partial(
            signals.published_changed.send_robust, self.model, model=self.model, about=tuple(about)
        )
        transaction.on_commit(news, using=router.db_for_write(self.model))


_publications: dict[type[Model], Publication] = {}


def publishes(model: type[Model], **columns: str) -> Publication:
    """Say in ``<app>/rgpd.py`` that ``model`` is published; ``columns`` as in ``Publication``."""
    found = Publication(model=model, **columns)
    _publications[model] = found
    return found


def publications() -> tuple[Publication, ...]:
    """Every model that is published."""
    return tuple(_publications.values())


def of(model: type[Model]) -> Publication:
    """How ``model`` is published. Raises ``Misconfigured``."""
    try:
        return _publications[model]
    except KeyError:
        msg = f"{model._meta.label} is not said to be published: call publishes() in its rgpd.py."
        raise Misconfigured(msg) from None


def publish(
    review: Model,
    *,
    person: Person,
    first: str,
    last: str,
    now: datetime,
    how: str = "review form",
    neutral: bool = False,
    wording: Wording | UUID | None = None,
    save: Callable[[], object] | None = None,
) -> str:
    """Publish ``review``, to which its author has just agreed (art. 6.1 a); returns the name that it stands under.

    ``neutral``: without her name. ``wording``: the text beside the box. ``save`` writes the row, ``review.save`` by
    default. Consent and row are one transaction, under the person's lock. Raises ``Refused`` for an erased person.
    """
    publication = of(type(review))
    name = str(FALLBACK) if neutral else public_name(first, last)
    with transaction.atomic():
        # First, because it locks the person as a deletion does: the two then wait for each other in one order.
        decisions.give(person, publication.purpose, "", how=how, wording=wording, now=now)
        setattr(review, publication.name, name)
        setattr(review, publication.agreed, True)
        (save or review.save)()
    return name


def unpublish(review: Model, *, person: Person, now: datetime, how: str = "account") -> None:
    """Take one review back from every public page; with the last one of hers the consent ends (art. 7.3)."""
    publication = of(type(review))
    gone = {publication.name: "", publication.agreed: False}
    with transaction.atomic():
        person = state.lock(person)
        shown = publication.published.filter(pk=review.pk)
        if about := list(publication.abouts(shown)):
            publication.tell(about)
        publication.model._base_manager.filter(pk=review.pk).update(**gone)
        if not any(rows.filter(**{publication.agreed: True}).exists() for rows in publication.of(person)):
            decisions.withdraw(person, publication.purpose, "", how=how, now=now)
    for name, value in gone.items():
        setattr(review, name, value)


@receiver(signals.consent_changed, dispatch_uid="django_rgpd.reviews.consent")
def follow_the_consent(*, person: UUID, purpose: str, kind: str, **_: object) -> None:
    """A consent that ends takes the reviews from the pages at once; one that is taken up again brings them back.

    What was taken back by itself has lost its name, and stays away.
    """
    followed = [one for one in publications() if one.purpose == purpose]
    if not followed or kind not in _ENDED | {kinds.UNDONE}:
        return
    holder = state.holder(person)
    agreed = kind == kinds.UNDONE and state.live(holder, purpose)
    for publication in followed:
        for rows in publication.of(holder):
            changing = rows.filter(**{publication.agreed: not agreed})
            if agreed:
                changing = changing.exclude(**{publication.name: ""})
            if about := list(publication.abouts(changing)):
                publication.tell(about)
                changing.update(**{publication.agreed: agreed})


def name_anew(publication: Publication, *, apply: bool) -> int:
    """Count, and with ``apply`` correct, the published names that are not what ``public_name`` says today.

    For a shop that published full names before. A neutral name stays neutral. Reads and writes in pages.
    """
    changed, last = 0, None
    columns = ("pk", publication.name, publication.first, publication.last)
    rows = publication.model._base_manager.exclude(**{publication.name: ""}).order_by("pk")
    while page := list((rows if last is None else rows.filter(pk__gt=last)).values_list(*columns)[:1_000]):
        last = page[-1][0]
        for key, name, first, surname in page:
            wanted = public_name(first, surname)
            if name in {wanted, str(FALLBACK)}:
                continue
            changed += 1
            if apply:
                publication.model._base_manager.filter(pk=key).update(**{publication.name: wanted})
    if apply and changed:
        publication.tell()
    return changed
