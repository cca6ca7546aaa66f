"""Tables, folders and pages to give away."""
