"""Has the jobs of imports known to whoever carries jobs out."""

from __future__ import annotations

from django_rgpd.imports import back, batches  # noqa: F401 - they register their jobs
