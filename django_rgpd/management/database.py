"""What commands say of a database that is not there, or not ready yet: a sentence, and no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@contextmanager
def needed() -> Iterator[None]:
    """Have what is done inside, or (as a decorator) a command, end with a sentence where the database is not ready.

    Raises ``CommandError`` then; any other error of the database is what it was.
    """
    try:
        yield
    except DatabaseError as error:
        if words := unready():
            raise CommandError(words) from error
        raise


def unready() -> str:
    """Why nothing can be asked of the database: it does not answer, or lacks migrations. Empty where it is ready."""
    try:
        return not_migrated()
    except DatabaseError as error:
        return _("The database does not answer (%s).") % type(error).__name__


def not_migrated() -> str:
    """What is missing before anything can be tried; empty where the tables are as the models say."""
    executor = MigrationExecutor(connections[router.db_for_write(get_user_model())])
    left = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not left:
        return ""
    return ngettext(
        "%(number)d migration is missing in the database: run “manage.py migrate” first.",
        "%(number)d migrations are missing in the database: run “manage.py migrate” first.",
        left,
    ) % {"number": left}
