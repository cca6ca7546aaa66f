"""The inspector on the page."""
