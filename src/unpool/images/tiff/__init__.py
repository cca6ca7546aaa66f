"""TIFF files by what their tags say."""
