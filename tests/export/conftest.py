"""A person with an account and a proven address, and what the tests of exports have in common."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from django_rgpd.export import collect
from django_rgpd.export.models import Document
from django_rgpd.outbox import deliver
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop import factories


@pytest.fixture(autouse=True)
def export_root(settings, tmp_path):
    """A place of each test's own."""
    root = tmp_path / "exports"
    settings.RGPD = {**settings.RGPD, "EXPORT_ROOT": str(root), "EXPORT_STORAGE": ""}
    return root


@pytest.fixture
def customer(db):
    """A customer with everything."""
    return factories.make_customer(email="marie@example.com", first_name="Marie", last_name="Dupont")


@pytest.fixture
def person(customer, now) -> Person:
    """The same as the library knows her, by an address that she proved."""
    found = people.person_of(customer, now=now)
    return prove(found, customer.email, now=now)


def prove(person: Person, email: str, *, now) -> Person:
    """Let ``email`` be proven as ``person``'s."""
    people.prove(people.note("email", email, person=person, now=now), how="link", now=now)
    return people.by_uuid(person.uuid)


def document(person: Person, which: Document = Document.ACCESS, *, now, **how: Any) -> dict[str, Any]:
    """What is written about ``person``, read again."""
    out = io.BytesIO()
    collect.write(people.subject(person), which, out, now=now, **how)
    return strict(out.getvalue())


def strict(raw: bytes) -> dict[str, Any]:
    """Read JSON as the strictest parser does: UTF-8, no NaN, no key twice."""

    def refuse(constant: str) -> object:
        raise AssertionError(f"{constant} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    found: dict[str, Any] = json.loads(raw.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
    return found


def tables(written: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """The tables of a document by label and role."""
    return {(one["table"], one["role"]): one for one in written["tables"]}


def run(*, now) -> dict[str, int]:
    """Do what waits."""
    return deliver.run_due(now=now).counts
