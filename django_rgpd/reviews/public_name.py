"""The name under which a review is published: first name and initial of the last name, and never more."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_rgpd.policy.purposes import Text

FALLBACK = _("Client")
"""What stands where no name can be shown."""

LONGEST = 30
"""Clusters (a letter with its marks) of the longest first name shown."""

_MOST_MARKS = 2
_MOST_DIGITS = 2
_INSIDE = frozenset("-'’·")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that no font draws: fillers, joiners, variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
_DOMAIN = re.compile(r"\S\.[^\W\d_]{2,}(?:[/:?#]\S*)?(?:\s|$)")
# Scripts in which a surname is one or two characters: its initial would say it all.
_WHOLE_SURNAMES = ("CJK", "IDEOGRAPHIC", "HANGUL", "HIRAGANA", "KATAKANA", "BOPOMOFO")


def public_name(first: str | None, last: str | None, fallback: Text = FALLBACK) -> str:
    """The published form of a name: "Marie D." for Marie Dupont.

    ``first`` and ``last`` are what the person typed, in whatever form; only the first word of ``first`` counts.
    Returns ``fallback`` where ``first`` has no letter, or looks like an address, a site or a number; a surname
    never stands alone. The result holds letters, marks, ``-'’·``, and a dot after the initial: it has still to
    be escaped where it is printed, and set in ``<bdi>``.
    """
    given = _first_word(first or "")
    if not given:
        return str(fallback)
    initial = _initial(last or "")
    return f"{given} {initial}." if initial else given


def _first_word(text: str) -> str:
    cleaned = _clean(text)
    if _tells_too_much(cleaned):
        return ""
    word = next(iter(cleaned.split()), "")
    kept = "".join(list(_clusters(word))[:LONGEST]).strip("".join(_INSIDE))
    return unicodedata.normalize("NFC", kept) if any(map(_is_letter, kept)) else ""


def _initial(text: str) -> str:
    cleaned = _clean(text)
    letters = [character for character in cleaned if _is_letter(character)]
    if len(letters) < 2 or any(map(_is_whole, letters)):
        return ""
    cluster = next(one for one in _clusters(cleaned) if _is_letter(one[0]))
    upper = unicodedata.normalize("NFC", cluster.upper())
    return upper if len(list(_clusters(upper))) == 1 else cluster


def _clean(text: str) -> str:
    spaced = _BREAKS.sub(" ", unicodedata.normalize("NFC", text))
    seen = _INVISIBLE.sub("", spaced)
    return "".join(one for one in seen if unicodedata.category(one) not in _DROPPED)


def _tells_too_much(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text)
    digits = sum(character.isdigit() for character in plain)
    return "@" in plain or "://" in plain or digits > _MOST_DIGITS or _DOMAIN.search(plain) is not None


def _clusters(text: str) -> Iterator[str]:
    """The letters of ``text``, each with its first marks, and what may stand between them."""
    cluster = ""
    for character in text:
        if unicodedata.category(character).startswith("M"):
            if cluster and cluster not in _INSIDE and len(cluster) <= _MOST_MARKS:
                cluster += character
        elif unicodedata.category(character).startswith("L") or character in _INSIDE:
            if cluster:
                yield cluster
            cluster = character
    if cluster:
        yield cluster


def _is_letter(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("L") and category != "Lm"


def _is_whole(letter: str) -> bool:
    name = unicodedata.name(letter, "").removeprefix("HALFWIDTH ").removeprefix("FULLWIDTH ")
    return name.startswith(_WHOLE_SURNAMES)
