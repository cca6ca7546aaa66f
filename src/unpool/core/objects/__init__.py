"""Object stores: their addresses, and what lies there."""
