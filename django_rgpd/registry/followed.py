"""The rows that a row follows: its fate hangs on theirs, one after the other (``Follows``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry.conditions import is_never, on_row
from django_rgpd.registry.declaration import Follows
from django_rgpd.registry.paths import follow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from typing import Any

    from django_rgpd.registry.site import Entry


def followed(entry: Entry) -> Iterator[tuple[str, Entry]]:
    """``entry`` itself under the path "", then each declared model whose row it follows, with the path that leads there.

    Raises ``Misconfigured`` where the path leads to no declared model.
    """
    path, here, seen = "", entry, {entry}
    while True:
        yield path, here
        declared = follows(here)
        if declared is None:
            return
        here = target(here, declared)
        if here in seen:
            return
        seen.add(here)
        path = f"{path}__{declared.path}" if path else declared.path


def follows(entry: Entry) -> Follows | None:
    """What rows of ``entry`` follow: as ``unsettled`` says, else as ``open_business`` does."""
    declared = (entry.declaration.unsettled, entry.declaration.open_business)
    return next((one for one in declared if isinstance(one, Follows)), None)


def on_followed(entry: Entry, path: str, far: Entry, condition: Q) -> Q:
    """Rows of ``entry`` whose row of ``far`` at ``path`` is one of ``condition``; the row itself where the path is empty."""
    if not path or is_never(condition):
        return on_row(entry.model, condition)
    key = follow(entry.model, path).key
    rows: QuerySet[Any] = far.model._base_manager.order_by().filter(condition, pk=OuterRef(key))
    return on_row(entry.model, Q(Exists(rows)))


def target(entry: Entry, declared: Follows) -> Entry:
    """The declared model that rows of ``entry`` follow. Raises ``Misconfigured`` where the path leads to none."""
    model = follow(entry.model, declared.path).target
    found = registry.of(model) if model is not None else None
    if found is None:
        msg = f"{entry.label} follows {declared.path!r}, which leads to no declared model: declare it."
        raise Misconfigured(msg)
    return found
