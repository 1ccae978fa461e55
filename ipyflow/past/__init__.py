"""Runs of the past, read from the store: to be listed, opened, taken elsewhere and thrown away."""
