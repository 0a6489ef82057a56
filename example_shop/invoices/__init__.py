"""Invoices in an unbroken sequence, which never change."""
