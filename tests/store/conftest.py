"""A folder of images, and a table without rows."""

from support.scanned_files import empty, folder

__all__ = ["empty", "folder"]
