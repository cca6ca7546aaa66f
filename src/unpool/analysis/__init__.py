"""Vectors to knowledge: neighbours, groups, maps, quality. Arrays in, arrays out."""
