"""Registers the jobs and daily duties of exports, when the apps are ready."""

from django_rgpd.export import build, request  # noqa: F401 - they register their jobs
