"""Tensors to tensors: encoders, their mirrors, and the catalogue of both."""
