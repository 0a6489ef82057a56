"""Payments, of which only the provider's ids are kept."""
