"""Output folders with some files for every image."""
