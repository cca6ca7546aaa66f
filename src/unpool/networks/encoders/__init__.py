"""Encoders: small ones and pretrained backbones."""
