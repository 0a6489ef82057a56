"""What the shop looks like, and the pages that belong to no other app."""
