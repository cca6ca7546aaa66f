"""Explain wrong calls from Python."""
