"""Images inside files: zip, tar, Parquet and lists of paths."""
