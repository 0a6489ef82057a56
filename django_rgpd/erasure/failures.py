"""The engine's errors, where its callers look for them (``core.failures``)."""

from django_rgpd.core.failures import EngineFailed, wrapped

__all__ = ["EngineFailed", "wrapped"]
