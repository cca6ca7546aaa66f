"""Files of the folder whose names have changed."""
