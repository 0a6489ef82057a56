"""Searching every table for what is left of a person, against one scan of one column for one text."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from django_rgpd.erasure import residue
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import Order

VALUES = {
    "email": [f"elodie.emond{number}@example.com" for number in range(4)],
    "phone": ["+33639981122", "+33639981123"],
    "name": ["Élodie Émond", "Jean-Baptiste Poquelin", "Camille Desmoulins"],
    "street": ["12 rue des Guirlandes", "7 impasse du Bonhomme", "1 place de l'Église"],
}
"""Twelve values of the kinds that a customer has, some with accents; none of them is in the rows."""


def searching(size: Size) -> Iterator[Measured]:
    """Twelve values in eight text columns and more of a large table."""
    rows.empty()
    rows.insert(Order, size.rows, {"customer_id": None, "placed_at": rows.RECENT})
    rows.settled()
    table = connection.ops.quote_name(Order._meta.db_table)

    def candidate() -> None:
        if residue.search(VALUES, now=rows.NOW):
            raise RuntimeError("found what is not there")

    def floor() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE note LIKE %s", ["%elodie.emond@%"])
            cursor.fetchone()

    yield compare(
        "residue search of 12 values", rows=size.rows, floor=floor, candidate=candidate,
        rounds=size.rounds, target=15,
    )  # fmt: skip
