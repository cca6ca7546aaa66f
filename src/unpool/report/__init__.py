"""Pictures of a workspace and of a training: arrays in, PNG out."""
