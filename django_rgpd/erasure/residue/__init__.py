"""Residue: where a person's own values are still found, in every table and declared storage, declared or
not."""

from django_rgpd.erasure.residue.search import NOT_SEARCHED, Finding, not_searched, residue_of, search
from django_rgpd.erasure.residue.values import SHORTEST, Value, distinctive, gather

__all__ = [
    "NOT_SEARCHED",
    "SHORTEST",
    "Finding",
    "Value",
    "distinctive",
    "gather",
    "not_searched",
    "residue_of",
    "search",
]
