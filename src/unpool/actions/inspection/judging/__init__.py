"""What people say of inspected images."""
