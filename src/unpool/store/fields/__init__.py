"""Fields beside the label: kinds, names and values."""
