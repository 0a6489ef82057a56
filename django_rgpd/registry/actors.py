"""Who did something, in words: the ledger and other rows say ``user:5``, and colleagues know each other by name."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

_ACCOUNT = "user:"


def named(actors: Collection[str], *, reader: Any) -> dict[str, str]:
    """The names of those of ``actors`` who are accounts: one query, and none where ``reader`` may not see accounts."""
    model = get_user_model()
    meta = model._meta
    if not reader.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
        return {}
    keys = set()
    for one in actors:
        if one.startswith(_ACCOUNT):
            with suppress(ValidationError):
                keys.add(meta.pk.to_python(one.removeprefix(_ACCOUNT)))
    found = model._base_manager.filter(pk__in=keys) if keys else ()
    return {f"{_ACCOUNT}{one.pk}": _name(one) for one in found}


def _name(account: Any) -> str:
    full = getattr(account, "get_full_name", str)()
    return full.strip() or str(account.get_username())
