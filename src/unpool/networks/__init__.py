"""Networks: encoders, their mirrors, and the catalogue."""
