"""The one training loop, what it resumes from, and the model folder it leaves."""
