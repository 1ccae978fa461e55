"""What a person can be asked for: fields of functions and types, and the values read from what was typed."""
