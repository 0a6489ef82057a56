"""Customers, their addresses and their relatives' birthdays."""
