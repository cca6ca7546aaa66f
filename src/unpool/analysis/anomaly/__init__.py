"""How unlike good images an image is, and a threshold that keeps its promise."""
