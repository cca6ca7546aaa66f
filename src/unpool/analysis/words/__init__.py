"""Words among vectors: arrays in, arrays out."""
