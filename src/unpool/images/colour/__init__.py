"""Colours as they are meant: profiles and transparency."""
