"""Labels of images: from folders, or from a file."""
