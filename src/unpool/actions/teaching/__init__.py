"""Verbs that teach names to a workspace."""
