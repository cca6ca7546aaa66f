"""Vectors and classes of some images → classes of all."""
