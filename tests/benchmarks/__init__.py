"""Benchmarks: what the engine costs, as a ratio to the bare SQL on the same rows in the same run."""
