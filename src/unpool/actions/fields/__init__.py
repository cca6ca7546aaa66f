"""Fields of images: read from files, edited, counted."""
