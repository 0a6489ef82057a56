"""Imports go downwards only, as pyproject.toml says; packages on one line know nothing of each other."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import PACKAGE, ROOT, files, name

SHELL = {"checks", "apps", "models", "admin", "urls", "rgpd", "management", "templatetags", "testing"}


def layers() -> dict[str, int]:
    """The height of each package."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = config["tool"]["importlinter"]["contracts"]
    lines = contract["layers"]
    return {
        package.strip(" ()"): len(lines) - number
        for number, line in enumerate(lines)
        for package in line.replace(":", "|").split("|")
    }


def imports(path: Path) -> Iterator[str]:
    """The packages of ours that a module imports, at its top or inside of a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (module.split(".")[1] for module in modules if module.startswith("django_rgpd."))


def package(path: Path) -> str:
    """The package that a module is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


MODULES = [path for path in files(".py", under=PACKAGE) if package(path) in layers()]


def test_every_package_has_its_layer():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(rooms - set(layers()) - {"migrations"}) == []


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_downwards_only(path):
    height, own = layers(), package(path)
    upwards = {
        other
        for other in imports(path)
        if other in height and other != own and height[other] >= height[own] and own not in SHELL
    }
    assert upwards == set()
