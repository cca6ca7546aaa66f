"""Helpers that are not about images: files, random numbers, specs."""
