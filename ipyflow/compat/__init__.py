"""Import shims: programs written for other systems run here after changing their import line."""
