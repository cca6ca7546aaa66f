"""Losses and metrics by name."""
