"""Segmenters: an encoder with class scores."""
