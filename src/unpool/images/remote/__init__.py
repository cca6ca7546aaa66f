"""Images on object stores."""
