"""Locks: files, or objects of a store."""
