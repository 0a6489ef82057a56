"""Gathers the admin of every room, where Django looks for it."""

from importlib import import_module
from importlib.util import find_spec

for _room in (
    "registry",
    "outbox",
    "processors",
    "ledger",
    "holds",
    "consent",
    "erasure",
    "export",
    "retention",
    "marketing",
    "imports",
):
    if find_spec(f"django_rgpd.{_room}.admin"):
        import_module(f"django_rgpd.{_room}.admin")
