"""What notebooks show of a workspace."""
