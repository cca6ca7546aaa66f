"""unpool beside other programs, on the same images in the same run."""
