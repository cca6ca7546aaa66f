"""Decoders: the mirror and the other ways back."""
