"""What `unpool check` finds by other models."""
