"""Columns and relations that only PostgreSQL has."""
