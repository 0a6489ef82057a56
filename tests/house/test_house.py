"""The rules of this repository that no linter knows."""

from __future__ import annotations

import ast
import re

import pytest

from django_rgpd.core import conf
from tests.house.files import DOCS, PACKAGE, ROOT, files, name, text

PLACES = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "/sha" + "red/")
UNDONE = ("TO" + "DO", "FIX" + "ME", "XX" + "X ")
ADDRESS = re.compile(r"(?<![\w.+-])[A-Za-z0-9._+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b")
STRANGE = {"marie.dupont@gmail.com", "a@-example.com", "a@xn--a.com"}
"""What tests need to be no address at ours: a name that looks like a mailbox, domains that are none."""

OURS = re.compile(r"(^|\.)(example\.(com|org|net)|example|invalid|test)$", re.IGNORECASE)


def test_no_file_names_a_place_on_somebodys_machine():
    found = [name(path) for path in files() if any(place in text(path) for place in PLACES)]
    assert found == []


def test_nothing_is_left_to_do():
    ours = files(".py", ".html", ".md", ".txt", ".toml")
    assert [name(path) for path in ours if any(word in text(path) for word in UNDONE)] == []


def test_every_setting_is_documented_and_no_other():
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)) == sorted(conf.NAMES)


def test_every_setting_is_read_somewhere():
    code = "\n".join(text(path) for path in files(".py", under=PACKAGE) if path.name != "conf.py")
    unread = [key for key in sorted(conf.NAMES) if not re.search(rf"\b{key}\b", code)]
    assert set(unread) <= {"PRODUCTION"}  # read by conf.in_production


def test_no_module_is_a_drawer_for_strangers():
    drawers = {"utils", "helpers", "services", "manager", "managers", "misc", "common"}
    assert [name(path) for path in files(".py", under=PACKAGE) if path.stem in drawers] == []


def test_every_module_says_what_it_owns():
    written = [
        path for path in files(".py", under=PACKAGE) if path.parent.name != "migrations" and text(path)
    ]
    assert [name(path) for path in written if not ast.get_docstring(ast.parse(text(path)))] == []


@pytest.mark.fault("K02")
def test_no_term_is_counted_in_days():
    found = []
    for path in files(".py", under=PACKAGE):
        for node in ast.walk(ast.parse(text(path))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "timedelta"):
                continue
            for keyword in node.keywords:
                least = {"days": 28, "weeks": 4}.get(keyword.arg or "")
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else 0
                if least and isinstance(value, int | float) and value >= least:
                    found.append(f"{name(path)}:{node.lineno}")
    assert found == []


def test_the_clock_is_read_in_one_place():
    reads = re.compile(r"timezone\.now\(|datetime\.now\(|date\.today\(|localdate\(\)|localtime\(\)|\bNow\(\)")
    found = [name(path) for path in files(".py", under=PACKAGE) if reads.search(text(path))]
    assert found == ["django_rgpd/core/clock.py"]


def test_addresses_are_nobodys():
    found = {
        f"{name(path)}: {match[0]}"
        for path in files(".py", ".html", ".md", ".txt", ".toml", ".json")
        for match in ADDRESS.finditer(text(path))
        if not OURS.search(match[1]) and match[0] not in STRANGE
    }
    assert found == set()


def test_pages_load_nothing_from_third_parties():
    loads = re.compile(r"<(?:script|img|iframe|link[^>]*stylesheet)[^>]*\s(?:src|href)=[\"']?(?:https?:)?//")
    pages = [path for path in files(".html") if "templates" in path.parts]
    assert [name(path) for path in pages if loads.search(text(path))] == []


@pytest.mark.fault("L02")
def test_no_page_submits_by_itself():
    by_itself = re.compile(r"\.submit\(|requestSubmit|\bonload\s*=|http-equiv=.refresh", re.IGNORECASE)
    pages = [path for path in files(".html", ".js", under=PACKAGE) if path.is_file()]
    assert [name(path) for path in pages if by_itself.search(text(path))] == []


@pytest.mark.parametrize("ending", ["-m pytest", "manage.py demo"])
def test_the_readme_has_each_command_once(ending):
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.startswith("python3 -m venv") and line.endswith(ending)]) == 1
