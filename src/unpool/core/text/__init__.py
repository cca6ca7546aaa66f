"""Text that other programs write or read: encodings, YAML, CSV."""
