"""Pixels to batches."""
