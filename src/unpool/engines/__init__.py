"""Who computes: this process, or workers of Ray."""
