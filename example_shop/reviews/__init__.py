"""What customers say of products."""
