"""Files of annotation tools: what they say of whole images."""
