"""Fills the shop with made-up people and serves it."""
