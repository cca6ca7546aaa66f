"""Search by words in the page."""
