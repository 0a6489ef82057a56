"""Tags of many members at once: Mailchimp keeps each as a static segment of the audience, which takes 500 in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.views.decorators.debug import sensitive_variables

Ask = Callable[[Callable[[Any], object]], Mapping[str, object]]
"""Make one call with their client, for what it answers."""


@sensitive_variables()
def tag(
    ask: Ask, begin: Callable[[str], object], audience: str, names: Sequence[str], addresses: Sequence[str]
) -> bool:
    """Give each of ``addresses``, members of ``audience``, the tags ``names``; whether all have them now.

    ``begin`` gives one member a tag, which makes it where there is none of its name yet.
    """
    for name in names:
        number = _number(ask, audience, name)
        if number is None:
            begin(name)
            number = _number(ask, audience, name)
        if number is None or not _add(ask, audience, number, addresses):
            return False
    return True


def _number(ask: Ask, audience: str, name: str) -> int | None:
    tags = ask(lambda api: api.tag_search(audience, name=name)).get("tags")
    found = [one for one in tags if isinstance(one, dict)] if isinstance(tags, list) else []
    # They search by the beginning of a name.
    return next(
        (one["id"] for one in found if one.get("name") == name and isinstance(one.get("id"), int)), None
    )


@sensitive_variables()
def _add(ask: Ask, audience: str, number: int, addresses: Sequence[str]) -> bool:
    body = {"members_to_add": list(addresses)}
    told = ask(lambda api: api.batch_segment_members(body, audience, str(number)))
    return told.get("errors") == []
