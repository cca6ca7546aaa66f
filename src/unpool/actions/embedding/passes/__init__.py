"""One pass over a source: encoder first, then rows."""
