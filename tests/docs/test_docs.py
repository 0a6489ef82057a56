"""The documentation is tried: its Python compiles and imports what there is, its commands and links exist."""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
from pathlib import Path

import pytest

from django_rgpd.core import conf
from tests.house.files import DOCS, PACKAGE, ROOT, files, name

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *files(".md", under=DOCS)]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```\s*$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(word: str = "") -> list[object]:
    """The Python blocks of all pages, or those with one more word, each named by its page and line."""
    found = []
    for page in PAGES:
        whole = page.read_text(encoding="utf-8")
        for fence in FENCE.finditer(whole):
            if fence["info"].split()[:1] == ["python"] and word in fence["info"]:
                line = whole.count("\n", 0, fence.start()) + 1
                found.append(pytest.param(textwrap.dedent(fence["code"]), id=f"{name(page)}:{line}"))
    return found


@pytest.mark.parametrize("code", blocks())
def test_a_block_compiles(code):
    compile(code, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.django_db
@pytest.mark.parametrize("code", blocks("run"))
def test_a_block_that_says_so_runs(code):
    exec(compile(code, "block", "exec"), {"__name__": "block"})


@pytest.mark.parametrize("code", blocks())
def test_a_block_imports_what_there_is(code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "django_rgpd":
            module = importlib.import_module(node.module)
            missing = [alias.name for alias in node.names if not _has(module, alias.name)]
            assert missing == [], node.module


@pytest.mark.parametrize("code", blocks())
def test_a_block_sets_settings_that_there_are(code):
    for node in ast.walk(ast.parse(code)):
        targets = [ast.unparse(target) for target in getattr(node, "targets", [])]
        if isinstance(node, ast.Assign) and "RGPD" in targets and isinstance(node.value, ast.Dict):
            keys = {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
            assert keys <= conf.NAMES


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_names_commands_that_there_are(page):
    commands = {path.stem for path in (PACKAGE / "management" / "commands").glob("*.py")}
    named = set(re.findall(r"manage\.py (rgpd_\w+)", page.read_text(encoding="utf-8")))
    assert sorted(named - commands) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_links_to_what_there_is(page):
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = [link for link in LINK.findall(prose) if not _target_exists(page, link)]
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != ROOT], ids=name)
def test_a_page_has_one_title(page):
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert len(re.findall(r"^# ", prose, re.MULTILINE)) == 1


def test_every_page_is_linked_from_another():
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert [name(page) for page in PAGES if page.parent != ROOT and page not in linked] == []


def _has(module: object, attribute: str) -> bool:
    if hasattr(module, attribute):
        return True
    try:
        importlib.import_module(f"{module.__name__}.{attribute}")  # type: ignore[attr-defined]
    except ImportError:
        return False
    return True


def _target_exists(page: Path, link: str) -> bool:
    path, _hash, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    if not anchor or target.suffix != ".md":
        return True
    headings = HEADING.findall(target.read_text(encoding="utf-8"))
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
