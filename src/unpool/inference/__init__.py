"""A trained network at work: embedding and reconstructing."""
