"""Which rows and fields an occasion reaches, and how the fields of one model fall together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.db import router
from django.db.models import Q, QuerySet

from django_rgpd.policy import Occasion
from django_rgpd.registry import DeleteRow, Entry, KeepFacts, Personal, Subject, When, registry, rule, scope
from django_rgpd.registry import holds as standing_holds
from django_rgpd.registry.conditions import all_of, is_always, is_never, not_, same
from django_rgpd.registry.leading import purposes_found
from django_rgpd.registry.within import within

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from django_rgpd.erasure.references import Reference
    from django_rgpd.registry.holds import Holds

Choices = Mapping[str, object]
"""What the deletion page asked: the key of an ``Ask`` → "keep" or "delete"; "suppress" → whether to be
remembered."""


Asked = tuple[Q, "QuerySet[Model]"]
"""A condition and the rows of which it is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields of one model that fall on the same rows."""

    released: Q
    fields: Mapping[str, Personal]
    _known: dict[str, Q] = field(init=False, compare=False, repr=False, default_factory=dict)

    @property
    def always(self) -> bool:
        """Whether they fall on every row that is reached."""
        return is_always(self.released)

    @property
    def never(self) -> bool:
        """Whether they fall on no row."""
        return is_never(self.released)

    def erased(self, entry: Entry) -> Q:
        """True of rows on which each of them has its erased form."""
        if "erased" not in self._known:
            self._known["erased"] = erased(entry, self.fields)
        return self._known["erased"]

    def pending(self, entry: Entry) -> Q:
        """True of rows on which they fall and do not all have their erased form yet; the same object whenever it is asked."""
        if "pending" not in self._known:
            self._known["pending"] = all_of(self.released, not_(self.erased(entry)))
        return self._known["pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Rows of one declared model (``where``), with the personal fields that the occasion is about."""

    entry: Entry
    role: str
    where: Q
    groups: tuple[Group, ...]
    deletes: bool
    """Whether a row goes when its last personal field has fallen."""
    counted: int | None = None
    """On how many rows all fields fall, as a plan counted in the same transaction; None where they differ or nobody counted."""
    freed: frozenset[Reference] = frozenset()
    """References to these rows that no row has any more."""
    stamps: Mapping[str, object] = field(default_factory=dict)
    """Columns that are written beside the released ones where they are NULL: the time, of what ended with the person."""
    holds: Holds = ()
    """The holds that the groups keep to, where a sweep may have to ask again whether they still are all."""
    settled: bool = False
    """Whether nothing that is erased decides which rows are reached: who looks again afterwards looks at the same rows."""
    asked: dict[int, Asked] = field(init=False, compare=False, repr=False, default_factory=dict)
    """What ``statements.rows_in`` resolved already, by its condition; ``replace`` begins it anew, ``narrowed`` narrows it."""

    def counting(self, counted: int | None) -> Reach:
        """The same rows, with the number of them that a plan counted."""
        found = replace(self, counted=counted)
        found.asked.update(self.asked)
        return found

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do, by what the plan counted."""
        return self.counted == 0 and not self.stamps

    @property
    def fields(self) -> dict[str, Personal]:
        """The personal fields of all groups."""
        return {name: one for group in self.groups for name, one in group.fields.items()}


def narrowed(reach: Reach, part: Q) -> Reach:
    """``reach`` on the rows of ``part`` alone, as a long sweep asks for it: one range of keys after another."""
    rows: QuerySet[Any] = QuerySet(reach.entry.model, using=router.db_for_write(reach.entry.model)).filter(
        part
    )
    groups = tuple(_within(group, rows) for group in reach.groups)
    found = replace(reach, where=all_of(reach.where, part), groups=groups)
    found.asked.update(
        {key: (condition, known.filter(part)) for key, (condition, known) in reach.asked.items()}
    )
    return found


def _within(group: Group, rows: QuerySet[Any]) -> Group:
    """``group`` itself where nothing has to be told: what was resolved for it serves every range."""
    released = within(group.released, rows)
    return group if released is group.released else replace(group, released=released)


def reaches(
    entry: Entry,
    subject: Subject,
    occasion: Occasion,
    *,
    now: datetime,
    choices: Choices,
    holds: Holds | None = None,
) -> Iterator[Reach]:
    """What of ``entry`` belongs to ``subject``: one for each person of the row and each way that leads to
    her. ``holds`` as in ``grouped``."""
    for role in entry.people:
        fields = entry.fields_of(role)
        if not fields:
            continue
        groups = grouped(entry, fields, occasion, now=now, holds=holds)
        alone = not_(scope.shared(entry, role, subject))
        for where in scope.conditions(entry, role, subject):
            yield Reach(
                entry=entry,
                role=role,
                where=all_of(where, alone),
                groups=groups,
                deletes=deletes(entry, choices),
            )


def of(
    subject: Subject, occasion: Occasion, *, now: datetime, choices: Choices, holds: Holds | None = None
) -> Iterator[Reach]:
    """What of every declared model belongs to ``subject``. ``holds`` as in ``grouped``."""
    if holds is None:
        holds = standing_holds.standing(steady=True)
    for entry in entries():
        yield from reaches(entry, subject, occasion, now=now, choices=choices, holds=holds)


def grouped(
    entry: Entry,
    fields: Mapping[str, Personal],
    occasion: Occasion,
    *,
    now: datetime,
    holds: Holds | None = None,
) -> tuple[Group, ...]:
    """``fields`` by the rows on which ``occasion`` releases them.

    What decides is a field's purposes, category and person; each such kind is asked of the rule once. ``holds``: those that
    stand, where the caller has read them for all models at once; without it they are read here: nobody forgets them.
    """
    if holds is None:
        holds = standing_holds.standing(steady=True)
    leading = _leading(entry, occasion, holds)
    kinds: list[tuple[Personal, frozenset[str], dict[str, Personal]]] = []
    for name, personal in fields.items():
        leads = leading.get(name, frozenset())
        together = next((all_ for first, to, all_ in kinds if to == leads and _alike(first, personal)), None)
        if together is None:
            kinds.append((personal, leads, {name: personal}))
        else:
            together[name] = personal
    found: list[tuple[Q, dict[str, Personal]]] = []
    for personal, leads, together in kinds:
        condition = rule.released(entry, personal, occasion, now=now, holds=holds, found=leads)
        alike = next((known for released, known in found if same(released, condition)), None)
        if alike is None:
            found.append((condition, together))
        else:
            alike.update(together)
    return tuple(Group(released=condition, fields=together) for condition, together in found)


def _leading(entry: Entry, occasion: Occasion, holds: Holds) -> Mapping[str, frozenset[str]]:
    """Field → the purposes of what is found by it, where a hold for some purposes only may need it.

    At an erasure none does: what is held is noted by its keys before anything goes.
    """
    limited = occasion is not Occasion.ERASURE and any(one.purposes and not one.label for one in holds)
    return purposes_found(entry) if limited else {}


def _alike(one: Personal, other: Personal) -> bool:
    alike = (one.purpose_keys, one.category, one.of) == (other.purpose_keys, other.category, other.of)
    return alike and all(map(_same_purpose, one.purposes, other.purposes))


def _same_purpose(one: str | When, other: str | When) -> bool:
    if isinstance(one, When) and isinstance(other, When):
        return same(one.condition, other.condition)
    return type(one) is type(other)


def deletes(entry: Entry, choices: Choices) -> bool:
    """Whether the row goes at the end: what the person chose where she is asked, else what is declared."""
    ask = entry.declaration.ask
    if ask is not None:
        return choices.get(ask.key, "keep" if ask.default_keep else "delete") != "keep"
    return isinstance(entry.declaration.at_end, DeleteRow) and not isinstance(
        entry.declaration.at_end, KeepFacts
    )


def erased(entry: Entry, fields: Mapping[str, Personal]) -> Q:
    """True of rows on which each of ``fields`` has its erased form."""
    return all_of(*(personal.erase.erased(column(entry.model, name)) for name, personal in fields.items()))


def column(model: type[Model], name: str) -> Field[Any, Any]:
    """The column called ``name``: declarations name columns only, never the far end of a relation."""
    return cast("Field[Any, Any]", model._meta.get_field(name))


def entries() -> list[Entry]:
    """Every declared model that has personal fields."""
    return [entry for entry in registry if entry.declaration.fields and entry.people]
