"""Commands that take or read words."""
