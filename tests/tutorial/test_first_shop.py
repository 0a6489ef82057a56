"""The tutorial, followed by the letter in an empty directory: its blocks are the project, its commands are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.files import DOCS, ROOT

PAGE = DOCS / "tutorial" / "first_shop.md"
BLOCK = re.compile(r"^ *```(python|html|sh)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^(?:#|<!--) ([\w/.]+)(, at its end)?(?: -->)?\n")
BY_HAND = re.compile(r"python3 -m venv|\. \.venv|pip install|python manage\.py runserver")
"""What a reader does once for herself, and a test does not."""

JOURNEY = Path(__file__).parent / "journey.py"


def steps() -> list[tuple[str, str]]:
    """The blocks of the page in their order: (language, text)."""
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [
        (language, "\n".join(line.rstrip() for line in text.splitlines()) + "\n") for language, text in found
    ]


def run(command: str, project: Path) -> str:
    """Run one command of the page as a reader would, by this Python; returns what it printed."""
    words = shlex.split(command.strip())
    assert words[0] == "python", command
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SHOP_VAR"}
    }
    surroundings |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", *words[1:]],
        cwd=project,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def write(text: str, project: Path) -> None:
    """Put a block where its first line says."""
    named = NAME.match(text)
    assert named is not None, f"A block names no file: {text.splitlines()[0]}"
    path = project / named[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if named[2] else ""
    path.write_text(before + text, encoding="utf-8")


@pytest.mark.timeout(500)  # fifteen processes, one after the other, beside other tests
@pytest.mark.promise("P30")
@pytest.mark.promise("P32")
def test_a_project_made_from_the_tutorial_alone_exports_and_erases(tmp_path):
    said: dict[str, str] = {}
    for language, text in steps():
        if language != "sh":
            write(text, tmp_path)
            continue
        for command in text.strip().splitlines():
            if "Invoice.objects.values" in command:
                said["journey"] = run(
                    f'python manage.py shell -c "exec(open({str(JOURNEY)!r}).read())"', tmp_path
                )
            if not BY_HAND.match(command.strip()):
                said[command.strip()] = run(command, tmp_path)
    draft = said["python manage.py rgpd_declare shop"]
    for line in (
        'who = Who(user="customer", email="guest_email")',
        'clocks = {"accounting": "issued_on"}',
        "# guess:",
    ):
        assert line in draft
    assert "no issues" in said["python manage.py check"]
    assert "carried out" in said["python manage.py rgpd_check"]
    assert "rolled back" in said["python manage.py rgpd_check --database"]
    assert "journey done" in said["journey"]
    left = next(text for command, text in said.items() if "Invoice.objects.values" in command)
    assert left.split("\n")[-2].startswith("0 ")
    assert "door code" not in left
    assert left.count("Marie Dupont") == 1
