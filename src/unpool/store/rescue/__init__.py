"""A damaged table, and what can be saved of it."""
