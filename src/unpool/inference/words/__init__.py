"""Words as vectors: the text side of a two-tower model."""
