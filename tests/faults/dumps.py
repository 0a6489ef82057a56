"""Dumps of the test's own database: by pg_dump and pg_restore on PostgreSQL, by a copied file on SQLite."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connection

CLIENTS = ("pg_dump", "pg_restore", "psql")


def missing() -> list[str]:
    """The client programs of PostgreSQL that this machine lacks, where they are needed."""
    return [name for name in CLIENTS if connection.vendor == "postgresql" and not shutil.which(name)]


def take(path: Path) -> None:
    """Write the whole database to ``path``."""
    if connection.vendor == "postgresql":
        connection.close()
        _run("pg_dump", "--format=custom", f"--file={path}", _name())
        return
    with closing(sqlite3.connect(path)) as file:
        _sqlite().backup(file)


def restore(path: Path) -> None:
    """Put the database back as it was: everything that is there goes first."""
    if connection.vendor == "postgresql":
        connection.close()
        _run("psql", "--quiet", "--command=DROP SCHEMA public CASCADE; CREATE SCHEMA public", _name())
        # The schema is there already, which is the one complaint that pg_restore then has.
        _run("pg_restore", f"--dbname={_name()}", "--no-owner", "--schema=public", str(path))
        return
    with closing(sqlite3.connect(path)) as file:
        file.backup(_sqlite())


def _sqlite() -> Any:
    connection.ensure_connection()
    return connection.connection


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _run(*command: str) -> None:
    told = connection.settings_dict
    given = {
        "PGHOST": told["HOST"],
        "PGPORT": told["PORT"],
        "PGUSER": told["USER"],
        "PGPASSWORD": told["PASSWORD"],
    }
    environment = {**os.environ, **{name: str(value) for name, value in given.items() if value}}
    environment["PGOPTIONS"] = "-c client_min_messages=warning"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
