"""Commands that look after files."""
