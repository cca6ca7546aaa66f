"""The page plans what goes, and moves it."""
