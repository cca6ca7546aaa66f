"""What words find in a table of vectors: arrays in, arrays out."""
