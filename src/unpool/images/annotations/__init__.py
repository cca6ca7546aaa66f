"""Masks that other tools keep as outlines and brushes."""
