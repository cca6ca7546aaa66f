"""Masks: found, read, understood, kept."""
