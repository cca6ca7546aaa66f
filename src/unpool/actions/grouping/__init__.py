"""Vectors to groups, maps and reports."""
