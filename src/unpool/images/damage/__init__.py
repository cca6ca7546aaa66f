"""Damage that decoders pass over."""
