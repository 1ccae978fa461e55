"""Pipelines put together by hand: a plan as plain data, the edits of it, what is wrong with it, and its code."""
