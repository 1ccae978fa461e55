"""Two runs beside each other: what became slower, what failed anew, whose code changed. Pure functions."""
