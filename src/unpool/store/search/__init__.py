"""Search of the vectors in the table."""
