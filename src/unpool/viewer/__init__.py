"""The page in the browser: a server on loopback over the actions, and the built page in `static/`."""
