"""Models that are odd in their keys and columns."""
