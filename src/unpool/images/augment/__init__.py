"""Augmentations, by name and joint for images and masks."""
