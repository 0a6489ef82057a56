"""What processors do in the background: loaded at start, so that it is registered."""

from django_rgpd.processors import telling  # noqa: F401 - it registers its job and its duty
