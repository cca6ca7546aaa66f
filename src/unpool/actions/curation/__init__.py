"""Search, check, edit, undo and suggest."""
