"""Event-driven workflows: steps that take events and give events."""
