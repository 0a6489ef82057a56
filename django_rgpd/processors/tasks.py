"""What processors do in the background: loaded at start, so that it is registered."""

from django_rgpd.processors import access, heard, rectifying, telling  # noqa: F401 - they register their jobs and duties
