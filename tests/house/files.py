"""The files of this repository, wherever it was cloned and whatever lies about in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "django_rgpd"
DOCS = ROOT / "docs"
_OURS = ("django_rgpd", "docs", "example_shop", "tests", ".ci")
_LEFT_BY_RUNS = {"__pycache__", "var", "node_modules"}


def files(*suffixes: str, under: Path | None = None) -> Iterator[Path]:
    """Our files that end in one of ``suffixes`` (all, where none is given)."""
    places = [under] if under else [ROOT / place for place in _OURS]
    found = [path for place in places for path in place.rglob("*")]
    if under is None:
        found += ROOT.glob("*.*")
    for path in sorted(found):
        left_by_a_run = _LEFT_BY_RUNS & set(path.relative_to(ROOT).parts)
        if path.is_file() and not left_by_a_run and (not suffixes or path.suffix in suffixes):
            yield path


def text(path: Path) -> str:
    """What a file says; empty where it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def name(path: Path) -> str:
    """A file as a message names it."""
    return path.relative_to(ROOT).as_posix()
