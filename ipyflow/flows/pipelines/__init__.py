"""Pipelines: values that say what follows what, and the chains of entries that they become when they are submitted."""
