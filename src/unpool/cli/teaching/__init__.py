"""Commands that teach names to a workspace."""
