"""Train networks and use them."""
