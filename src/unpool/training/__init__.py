"""The training loop, checkpoints and model folders."""
