"""The pages: they read, ask a verb, and answer."""
