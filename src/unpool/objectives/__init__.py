"""Outputs to one number: one idea, one file, one paper."""
