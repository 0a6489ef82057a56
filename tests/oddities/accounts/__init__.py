"""User models that are nothing like Django's."""
