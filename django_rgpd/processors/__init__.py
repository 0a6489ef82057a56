"""Processors: how the vendors and people who hold the shop's data are told what becomes of it (art. 19, 28)."""
