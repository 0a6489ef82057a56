"""What was bought, for whom, and where it goes."""
