"""Move superfluous files away, and back."""
