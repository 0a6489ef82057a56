"""Models with everything that Django allows and a shop may have."""
