"""The processes of one training: how they meet and end."""
