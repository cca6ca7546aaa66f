"""Scores and heat maps of pictures, by good ones."""
