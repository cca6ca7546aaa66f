"""Calls from Python: what is wrong with one, and what is right."""
