"""Without tifffile it is said how to get it."""

from __future__ import annotations

import sys

import pytest
import tifffile

from unpool.actions.outputs.tiff import import_tifffile
from unpool.errors import UnpoolError


def test_tifffile_is_imported_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_tifffile() is tifffile
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(UnpoolError, match="written by tifffile: pip install tifffile imagecodecs"):
        import_tifffile()
