"""Check ids are permanent: each is in one module, on the page, and has a test."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.house.files import DOCS, PACKAGE, ROOT, files, name, text

ID = re.compile(r"[\"'](?:django_rgpd\.)?([EWIC]\d{3})[\"']")
PAGE = DOCS / "reference" / "checks.md"


def used() -> dict[str, set[str]]:
    """The modules that each id is in."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in files(".py", under=PACKAGE):
        for number in ID.findall(text(path)):
            found[number].add(name(path))
    return found


def documented() -> list[str]:
    """The ids that have a row on the page."""
    return re.findall(r"^\| `django_rgpd\.([EWIC]\d{3})` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_check_is_documented_once():
    assert sorted(documented()) == sorted(used())


def test_every_check_id_is_in_one_module():
    assert {number: modules for number, modules in used().items() if len(modules) > 1} == {}


def test_every_check_has_a_test():
    tests = "\n".join(text(path) for path in files(".py", under=ROOT / "tests") if "house" not in path.parts)
    assert [number for number in sorted(used()) if not re.search(rf"\b{number}\b", tests)] == []
