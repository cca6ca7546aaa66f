"""How good groups are, with labels and without."""
