"""Pictures on terminals that show them."""
