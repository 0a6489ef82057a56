"""Which sessions are an account's, and their end: by the login index at once, by reading every session
afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.base_session import AbstractBaseSession

from django_rgpd.core import keys
from django_rgpd.erasure.models import SignIn

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.db.models import QuerySet

log = logging.getLogger(__name__)

_LONGEST = 64  # a signed cookie's "key" is its whole data: there is nothing of it on our side
_CHUNK = 500


def note(session: SessionBase, user_key: str, *, now: datetime) -> None:
    """Enter a session in the index of ``user_key``; once more for the same session changes nothing else."""
    key = session.session_key
    if not key or len(key) > _LONGEST:
        return
    row = SignIn(
        session=_digest(key),
        session_key=key,
        user_key=user_key,
        created_at=now,
        expires_at=session.get_expiry_date(),
    )
    SignIn._base_manager.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["session"],
        update_fields=["user_key", "expires_at"],
    )


def drop(session_key: str | None) -> None:
    """Take a session that ended out of the index."""
    if session_key and len(session_key) <= _LONGEST:
        SignIn._base_manager.filter(session=_digest(session_key)).delete()


def of(user_keys: Iterable[str]) -> QuerySet[SignIn]:
    """What the index knows of these accounts."""
    return SignIn._base_manager.filter(user_key__in=list(user_keys))


def take(user_keys: Iterable[str]) -> list[str]:
    """The session keys of these accounts, which leave the index; call ``end`` with them after the commit."""
    rows = of(user_keys)
    taken = list(rows.values_list("session_key", flat=True))
    rows.delete()
    return taken


def end(session_keys: Iterable[str]) -> int:
    """Delete these sessions where they are kept; says how many could not be reached (a store that is
    down)."""
    failed = 0
    for key in session_keys:
        try:
            _store(key).delete()
        except Exception as error:  # every store has errors of its own; the second pass comes back
            failed += 1
            log.warning("A session's store does not answer: %s.", type(error).__name__)
    return failed


def end_unlisted(user_key: str) -> int:
    """Delete the sessions of an account that the index learnt of too late, or does not know; says how many there were.

    A login that was under way while the account was erased comes into the index afterwards. A session changes its key when
    the password changes, and those from before the installation were never entered: where sessions can be listed
    (database, files) each is read.
    """
    found = take([user_key])
    found += [key for key, owner in _listed() if owner == user_key and key not in found]
    end(found)
    return len(found)


def purge(*, now: datetime) -> int:
    """Drop the index's rows of sessions that ran out; says how many."""
    return SignIn._base_manager.filter(expires_at__lte=now).delete()[0]


def _listed() -> Iterator[tuple[str, str]]:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    model = store.get_model_class() if hasattr(store, "get_model_class") else None
    if isinstance(model, type) and issubclass(model, AbstractBaseSession):
        rows = model._base_manager.order_by().iterator(chunk_size=_CHUNK)
        for row in rows:
            yield row.session_key, str(row.get_decoded().get(SESSION_KEY, ""))
    elif hasattr(store, "_get_storage_path"):
        folder, prefix = Path(store._get_storage_path()), settings.SESSION_COOKIE_NAME
        for path in folder.glob(f"{prefix}*"):
            key = path.name.removeprefix(prefix)
            yield key, str(store(key).load().get(SESSION_KEY, ""))


def _store(key: str) -> SessionBase:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return store


def _digest(key: str) -> str:
    return keys.digest_ring().digest("session", key.encode()).hex
