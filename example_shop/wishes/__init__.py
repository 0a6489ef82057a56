"""What customers would like to have."""
