"""What is about no image: files, random numbers, specs, progress, the CPU."""
