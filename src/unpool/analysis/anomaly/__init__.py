"""How far images lie from good ones, with thresholds."""
