"""Odd names of tables and columns."""
