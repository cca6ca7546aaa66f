"""What may be wrong with images."""
