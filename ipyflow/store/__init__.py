"""What outlives the process: runs and their logs, and results that were to be kept, in one SQLite database.

Imports only the model. ``docs/memory.md`` has the why.
"""
