"""The published name of a review, by the table of expected outputs."""

import unicodedata

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd.reviews.public_name import LONGEST, public_name

pytestmark = pytest.mark.promise("P25")

TABLE = [
    ("Marie", "Dupont", "Marie D."),
    ("Jean-Pierre", "Martin-Dupont", "Jean-Pierre M."),
    ("Jean Pierre", "de La Fontaine", "Jean D."),
    ("Anne", "d'Artagnan", "Anne D."),
    ("Siobhán", "O'Brien", "Siobhán O."),
    ("E\u0301lodie", "E\u0301mond", "Élodie É."),
    ("Zoé", "É", "Zoé"),
    ("小明", "王", "小明"),
    ("민준", "김", "민준"),
    ("ひろし", "山田", "ひろし"),
    ("محمد", "العلي", "محمد ا."),
    ("אברהם", "כהן", "אברהם כ."),
    ("राम", "क्षत्रिय", "राम क्."),
    ("Олег", "Щукин", "Олег Щ."),
    ("Ærøs", "ßmith", "Ærøs ß."),
    ("İbrahim", "ışık", "İbrahim I."),
    ("Teller", "", "Teller"),
    ("", "Dupont", "Client"),
    ("   ", "\t", "Client"),
    ("😀", "Dupont", "Client"),
    ("👨‍👩‍👧 Marie", "Dupont", "Client"),
    ("Marie", "😀Dupont", "Marie D."),
    ("\u202eeiraM\u202c", "Dupont", "eiraM D."),
    ("Ma\u200brie", "\u200bDupont", "Marie D."),
    ("<script>alert(1)</script>", "<b>x</b>", "scriptalertscript B."),
    ('Marie"onmouseover="x', "Dupont", "Marieonmouseoverx D."),
    ("marie.dupont@gmail.com", "Dupont", "Client"),
    ("0612345678", "Dupont", "Client"),
    ("www.evil.fr", "X", "Client"),
    ("Marie Dupont", "", "Marie"),
    ("M", "D", "M"),
    ("\ud800a", "Dupont", "a D."),
    ("Marie\x00", "Du\x00pont", "Marie D."),
    ("Ab" * 40, "Dupont", "Ab" * 15 + " D."),
    (None, None, "Client"),
    ("Marie\tDupont", "", "Marie"),
    ("Marie\u2028Dupont", "Dupont", "Marie D."),
    ("marie＠example.com", "Dupont", "Client"),
    ("０６１２３４５６７８", "Dupont", "Client"),
    ("https://x", "Dupont", "Client"),
    ("\u3164", "Dupont", "Client"),
    ("Marie", "\u3164D", "Marie"),
    ("-Marie-", "-Dupont", "Marie D."),
    ("javascript:alert", "{{7*7}}", "javascriptalert"),
    ("J.", "Dupont", "J D."),
]


@pytest.mark.fault("N01")
@pytest.mark.fault("N02")
@pytest.mark.fault("N04")
@pytest.mark.fault("N05")
@pytest.mark.fault("N06")
@pytest.mark.fault("N07")
@pytest.mark.fault("N08")
@pytest.mark.fault("N10")
@pytest.mark.parametrize(("first", "last", "expected"), TABLE)
def test_public_name_is_as_in_the_table(first, last, expected):
    assert public_name(first, last) == expected


def test_public_name_keeps_two_marks_of_a_letter():
    marked = "Z̸̢̛a̷l̵g̶o̸̢̢̢̢̢̢̢"
    name, _, initial = public_name(marked, "Dupont").rpartition(" ")
    assert initial == "D."
    marks = 0
    for character in unicodedata.normalize("NFC", name):
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        assert marks <= 2


def test_public_name_falls_back_in_the_readers_words():
    assert public_name("", "Dupont", fallback="Someone") == "Someone"
    with translation.override("fr"):
        assert public_name("", "") == "Client"


@given(first=st.text(max_size=60), last=st.text(max_size=60))
def test_public_name_says_no_more_of_any_text(first, last):
    name = public_name(first, last)
    if name == "Client":
        return
    given_name, _, initial = name.partition(" ")
    assert given_name
    assert " " not in initial
    assert all(unicodedata.category(one)[0] in "LM" or one in "-'’·" for one in given_name)
    assert len(given_name) <= LONGEST * 3
    if initial:
        assert initial.endswith(".")
        assert sum(unicodedata.category(one).startswith("L") for one in initial) == 1
