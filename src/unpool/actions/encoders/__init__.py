"""Encoders that can be used here, and their speed."""
