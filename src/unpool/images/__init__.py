"""Disk to tensors: which files are images, decoded upright, delivered in batches."""
