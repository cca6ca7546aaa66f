"""Vectors and classes of some images → the classes of all others."""
