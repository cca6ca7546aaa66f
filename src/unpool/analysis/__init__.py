"""Knowledge from vectors: neighbours, groups, maps, quality."""
