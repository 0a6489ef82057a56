"""Rows handed over as bytes: a batch without a fragment is passed over, and nothing that stands in a row is missed."""

from __future__ import annotations

import pytest

from django_rgpd.erasure.residue.bytewise import BATCH, matching
from django_rgpd.erasure.residue.fragments import fragments
from django_rgpd.erasure.residue.values import Value

VALUES = [Value("phone", "+33 6 39 98 11 22"), Value("name", "Élodie Émond")]
NEEDLES = sorted({needle for value in VALUES for needle in value.needles})

WRITTEN = [
    "tel. 06.39.98.11.22",
    "06 39-98 11 22; +33639981122",
    "x ÉLODIE ÉMOND y",
    "e\u0301lodie e\u0301mond",
]


def found(texts, parts):
    rows = [(str(number).encode(), text.encode(), b"") for number, text in enumerate(texts)]
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return [int(row[0]) for row in matching(batches, 1, NEEDLES, parts)]


@pytest.mark.parametrize("parts", [fragments(VALUES), ()], ids=["by fragments", "folding all"])
@pytest.mark.parametrize("place", [0, BATCH - 1, BATCH, 3 * BATCH + 7])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_value_is_found_wherever_its_row_is(parts, place, written):
    texts = ["Nothing here."] * (4 * BATCH)
    texts[place] = written

    assert found(texts, parts) == [place]


def test_a_row_that_has_a_fragment_alone_is_none():
    assert found(["lodie", "6 39 98 11 2 2", "Mélodie Edmond"], fragments(VALUES)) == []


def test_a_text_that_is_no_utf_8_is_read_all_the_same():
    rows = [(b"1", b"\xff\xfe 0639981122 \xff")]

    assert len(list(matching([rows], 1, NEEDLES, fragments(VALUES)))) == 1
