"""The page in the browser: its server, and the built page."""
