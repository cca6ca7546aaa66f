"""What the numbers of a picture with more than 8 bits mean."""
