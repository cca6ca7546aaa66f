"""Images to vectors: run, embed, the choice of a network."""
