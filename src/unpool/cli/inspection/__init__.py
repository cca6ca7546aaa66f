"""`unpool inspect` from the terminal."""
