"""Pictures of workspaces and trainings: arrays in, PNG out."""
