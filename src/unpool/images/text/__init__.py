"""Text inside images."""
