"""The measured shop: an account, its orders, what belongs to an order, and two dozen small tables more."""
