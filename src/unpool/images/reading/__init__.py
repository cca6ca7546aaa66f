"""Files on disk to upright RGB pixels."""
