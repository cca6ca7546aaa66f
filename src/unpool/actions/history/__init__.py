"""What was done, undone and redone."""
