"""unpool: see, search, group, clean, name and segment a folder of images, with networks trained on them."""

from __future__ import annotations

__version__ = "0.1.0"
