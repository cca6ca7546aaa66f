"""Verbs of text inside images: read it, search it."""
