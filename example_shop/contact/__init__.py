"""Messages written through the contact form."""
