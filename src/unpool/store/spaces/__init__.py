"""Several sets of vectors in one workspace."""
