"""What a lock is made of: a file, or an object of a store."""
