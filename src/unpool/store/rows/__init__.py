"""Types and files of the rows."""
