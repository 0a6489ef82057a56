"""What must happen elsewhere or later: jobs written with their reason, and delivered afterwards."""
