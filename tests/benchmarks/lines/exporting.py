"""Exporting one person's rows, against the shortest loop that writes them as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from django_rgpd.export import collect
from django_rgpd.export.models import Document
from django_rgpd.registry import people, registry
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import Order


def exporting(size: Size) -> Iterator[Measured]:
    """All orders of one customer, with all their columns."""
    rows.empty()
    user, person = rows.account(1)
    rows.insert(Order, size.rows, {"customer_id": user.pk, "placed_at": rows.RECENT})
    rows.settled()
    subject, entry = people.subject(person), registry.of(Order)
    assert entry is not None

    def candidate() -> None:
        with tempfile.TemporaryFile() as file:
            collect.write(subject, Document.ACCESS, file, now=rows.NOW, entries=[entry])

    def floor() -> None:
        with tempfile.TemporaryFile("w", encoding="utf-8") as file:
            for row in Order.objects.filter(customer_id=user.pk).values().iterator():
                file.write(json.dumps(row, cls=DjangoJSONEncoder) + "\n")

    def without_cursors() -> None:
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
        try:
            candidate()
        finally:
            connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = False

    name = "export of one person's rows"
    works = {name: candidate}
    if connection.vendor == "postgresql":  # which sites behind PgBouncer do; the floor keeps them
        works[f"{name}, no server-side cursors"] = without_cursors
    for label, work in works.items():
        yield compare(
            label, rows=size.rows, floor=floor, candidate=work, rounds=size.rounds_of_many, target=0.8, more=5
        )
