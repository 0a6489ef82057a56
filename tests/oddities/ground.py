"""What the acts of the odd shop stand on: people of whatever user model, and what is left of them afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from tests.oddities.accounts import models as accounts

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
LONG_AGO = NOW - timedelta(days=4 * 366)
failures: list[str] = []


def check(what: str, fact: object) -> None:
    """Note ``what`` where it is not so."""
    if not fact:
        failures.append(what)


def make_user(name: str) -> Any:
    """An account of whatever model it is."""
    model = get_user_model()
    email = f"{name}-canary@example.com"
    if hasattr(model, "code"):
        return model(code=f"C-{name}", mail_address=email), "mail_address"
    fields: dict[str, Any] = {"email": email}
    if hasattr(model, "card"):
        fields["card"] = accounts.Card.objects.create(number=f"{name}-canary", display_name=f"{name}-canary")
    if hasattr(model, "display_name"):
        fields["display_name"] = f"{name}-canary"
    if hasattr(model, "username"):
        fields |= {"username": f"{name}-canary", "last_name": f"{name}-canary"}
    return model(**fields), "email"


def person(name: str) -> tuple[Any, Person, str]:
    """An account with its address proven."""
    user, field = make_user(name)
    user.set_password("x")
    user.last_login = BEFORE
    user.save()
    email = getattr(user, field)
    found = people.person_of(user, now=NOW)
    people.prove(people.note("email", email, person=found, now=NOW), how="link", now=NOW)
    return user, found, email


def everything() -> str:
    """All rows of all tables, as one text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(found)
