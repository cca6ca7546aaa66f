"""What an inspector said of the images."""
