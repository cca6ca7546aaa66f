"""Decoders that are not trusted, in processes of their own."""
