"""Vectors made elsewhere: read, and matched with images."""
