"""Routes of the view that teaches."""
