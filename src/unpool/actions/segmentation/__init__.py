"""Train, predict and evaluate segmenters."""
