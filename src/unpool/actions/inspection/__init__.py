"""The verbs of `unpool inspect`: train, predict, evaluate."""
