"""Decoders: the mirror, published ones, and upsampling."""
