"""Images from the disk as arrays of pixels."""
