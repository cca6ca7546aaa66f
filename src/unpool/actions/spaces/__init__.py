"""The spaces of a workspace: listed and removed."""
