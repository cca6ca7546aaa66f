"""Workspaces on object stores."""
