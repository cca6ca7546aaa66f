"""TIFF files are written by tifffile, where it is installed."""

from __future__ import annotations

from typing import Any

from unpool.errors import UnpoolError


def import_tifffile() -> Any:
    """Import tifffile; UnpoolError where it is not installed."""
    try:
        import tifffile
    except ImportError as error:
        raise UnpoolError("TIFF files are written by tifffile: pip install tifffile imagecodecs") from error
    return tifffile
