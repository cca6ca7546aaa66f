"""Values of more than 8 bits, and what they mean."""
