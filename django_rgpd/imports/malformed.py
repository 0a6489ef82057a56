"""What is wrong with a whole file."""

from __future__ import annotations

from django_rgpd.core.errors import Refused


class Malformed(Refused):
    """The file as a whole cannot be read as a list: nothing of it is taken. ``reason`` holds nothing of its lines."""
