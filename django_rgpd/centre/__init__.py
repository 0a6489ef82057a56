"""The customer's one page: what the shop has, the choices, the export, the deletion, the addresses."""
