"""Verbs that take words: search, names, suggestions."""
