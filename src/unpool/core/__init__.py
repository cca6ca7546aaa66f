"""What is about no image: files, numbers, specs, progress."""
